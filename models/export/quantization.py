"""Quantisation of a float matrix to int8, for inputs in fixed 8-bit ranges.

An input channel is shifted and stretched so that what was seen of it fills the range, as far as the matrix can take the
opposite stretch (SmoothQuant, Xiao et al., 2023, with the shift of Outlier Suppression+, Wei et al., 2023).  A channel
whose row would still widen the scale of every output is given several rows, which share the row's integer (outlier
channel splitting, Zhao et al., 2019, without its rounding twice).

No processor may give another answer: without VNNI, x86 adds the products of two neighbouring rows in 16 bits, which
saturates (onnxruntime#6004).  So the scale of an output is such that no pair of its integers, of one sign, exceeds 128:
128 × 255 fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TOP = 127
"""Largest magnitude of an int8 weight, and of an input after stretching."""

_PAIR = 126.0
"""What a pair's sum may be before rounding, which adds one to each at most."""

_STRETCHES = (0.5, 0.7, 0.85, 1.0)
"""Shares of a channel's range that the matrix takes over; the one with the least error is kept, matrix by matrix."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Inputs of a matrix on some texts: the least and largest of each channel, (channels,), and some of the inputs
    themselves, (tokens, channels)."""

    least: Floats
    largest: Floats
    some: Floats


@dataclass(frozen=True, slots=True)
class Matrix:
    """inputs × weight ≈ (round(inputs × gain + shift))[channels] × (values × scale) + bias.

    `channels` says of which input each row is; `bias`, (outputs,), makes up for the shift; `error` is the mean square
    of what is lost over that of the product, on the inputs seen.
    """

    values: NDArray[np.int8]
    scale: Floats
    gain: Floats
    shift: Floats
    bias: Floats
    channels: NDArray[np.int64]
    error: float


def fit(weight: Floats, seen: Seen, *, shifted: bool = True, extra: int = 0) -> Matrix:
    """The int8 form of a matrix, (channels, outputs).

    `extra` rows are added where they help most, and rows are then put into the order that suits them: only for inputs
    whose order is free.
    """
    centre: Floats = (seen.largest + seen.least) / np.float32(2) if shifted else np.zeros_like(seen.least)
    reach: Floats = np.maximum(np.maximum(seen.largest - centre, centre - seen.least), np.float32(1e-5))
    size: Floats = np.maximum(np.abs(weight).max(axis=1), np.float32(1e-6))
    return min(
        (_stretched(weight, seen, centre, size ** (1 - share) / reach**share, reach, extra) for share in _STRETCHES),
        key=lambda matrix: matrix.error,
    )


def _stretched(weight: Floats, seen: Seen, centre: Floats, gain: Floats, reach: Floats, extra: int) -> Matrix:
    gain = (gain * (TOP / (reach * gain).max())).astype(np.float32)
    stretched = weight / gain[:, None]
    rows = np.abs(stretched).max(axis=1)
    copies = _copies(rows, extra)
    channels = np.repeat(np.arange(len(weight)), copies)
    if extra:
        channels = _paired(channels, (rows / copies)[channels])
    values, scale = _integers(stretched, copies, channels)
    shift = (-centre * gain).astype(np.float32)
    exact = (seen.some - centre) @ weight
    found = np.clip(np.rint(seen.some * gain + shift), -TOP - 1, TOP)[:, channels] @ (values * scale)
    error = float(np.square(found - exact).mean() / max(np.square(exact).mean(), 1e-12))
    bias = (centre @ weight).astype(np.float32)
    return Matrix(values, scale, gain[channels], shift[channels], bias, channels, error)


def _copies(rows: Floats, extra: int) -> NDArray[np.int64]:
    """How many rows each channel gets, so that the largest share of a row is least."""
    copies = np.ones(len(rows), np.int64)
    for _ in range(extra):
        copies[(rows / copies).argmax()] += 1
    return copies


def _paired(channels: NDArray[np.int64], sizes: Floats) -> NDArray[np.int64]:
    """Rows in an order that makes the largest a neighbour of the smallest."""
    order = np.argsort(-sizes, kind="stable")
    half = len(order) // 2
    paired = np.empty_like(order)
    paired[0 : 2 * half : 2] = order[:half]
    paired[1 : 2 * half : 2] = order[::-1][:half]
    paired[2 * half :] = order[half : len(order) - half]
    return channels[paired]


def _integers(
    weight: Floats, copies: NDArray[np.int64], channels: NDArray[np.int64]
) -> tuple[NDArray[np.int8], Floats]:
    """Integers, (rows, outputs), of which a channel's rows add up to its weight, and the scale of each output."""
    shares = (weight / copies[:, None])[channels]
    pairs = np.concatenate([shares, shares[:1] * 0]) if len(shares) % 2 else shares
    up, down = (np.maximum(sign * pairs, 0.0).reshape(-1, 2, weight.shape[1]).sum(axis=1) for sign in (1, -1))
    scale = np.maximum(np.maximum(up, down).max(axis=0) / _PAIR, np.abs(shares).max(axis=0) / _PAIR)
    scale = np.maximum(scale, 1e-12).astype(np.float32)
    whole = np.rint(weight / scale).astype(np.int64)
    each = np.trunc(whole / copies[:, None]).astype(np.int64)
    rest = whole - each * copies[:, None]
    number = np.zeros(len(channels), np.int64)  # which of its channel's rows a row is
    taken = np.zeros(len(weight), np.int64)
    for row, channel in enumerate(channels):
        number[row] = taken[channel]
        taken[channel] += 1
    values = each[channels] + np.sign(rest[channels]) * (number[:, None] < np.abs(rest[channels]))
    return values.astype(np.int8), scale
