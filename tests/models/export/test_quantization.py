"""Matrices in 8 bits: close to the float ones, and the same on processors that add in 16 bits."""

from __future__ import annotations

import numpy as np
import pytest

from models.export.quantization import TOP, Matrix, Seen, fit


def case(
    seed: int, channels: int = 48, outputs: int = 24, far: float = 1.0, apart: float = 1.0
) -> tuple[np.ndarray, Seen]:
    """A matrix and inputs of it: channels are some `apart` off centre, the first is `far` times as large as others."""
    draw = np.random.default_rng(seed)
    weight = draw.normal(size=(channels, outputs)).astype(np.float32)
    inputs = (draw.normal(size=(400, channels)) + apart * draw.normal(size=channels)).astype(np.float32)
    inputs[:, 0] *= far
    return weight, Seen(inputs.min(axis=0), inputs.max(axis=0), inputs)


def rounded(matrix: Matrix, inputs: np.ndarray) -> np.ndarray:
    """The inputs as the graph feeds them: 128 stands for none."""
    given = inputs[:, matrix.channels] * matrix.gain + matrix.shift
    return np.clip(np.rint(given) + 128, 0, 255).astype(np.int64)


def lost(matrix: Matrix, weight: np.ndarray, inputs: np.ndarray) -> float:
    """Mean square of what the product loses."""
    product = ((rounded(matrix, inputs) - 128) @ matrix.values.astype(np.int64)) * matrix.scale + matrix.bias
    return float(np.square(product - inputs @ weight).mean())


@pytest.mark.parametrize("shifted", [True, False])
def test_the_product_is_close(shifted: bool) -> None:
    weight, seen = case(1)
    matrix = fit(weight, seen, shifted=shifted)
    assert lost(matrix, weight, seen.some) < 5e-4 * np.square(seen.some @ weight).mean()
    assert matrix.error < 5e-4


def test_a_shift_helps_where_channels_are_off_centre() -> None:
    weight, seen = case(2, apart=8.0)
    with_shift, without = (lost(fit(weight, seen, shifted=shifted), weight, seen.some) for shifted in (True, False))
    assert with_shift < without / 10


def test_more_rows_for_a_channel_that_is_far_larger_help_the_others() -> None:
    weight, seen = case(3, far=10.0)
    one, more = (fit(weight, seen, shifted=False, extra=extra) for extra in (0, 8))
    assert lost(more, weight, seen.some) < 0.6 * lost(one, weight, seen.some)
    counts = np.bincount(more.channels)
    assert (int(counts.sum()), int(counts.min()), int(counts.argmax())) == (len(weight) + 8, 1, 0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("extra", [0, 7, 16])
def test_no_pair_of_neighbours_can_leave_16_bits(seed: int, extra: int) -> None:
    weight, seen = case(seed, channels=48 + seed, far=100.0)
    matrix = fit(weight, seen, extra=extra)
    values = matrix.values.astype(np.int64)
    assert np.abs(values).max() <= TOP
    if len(values) % 2:
        values = np.concatenate([values, values[:1] * 0])
    pairs = values.reshape(-1, 2, values.shape[1])
    assert 255 * np.maximum(pairs, 0).sum(axis=1).max() <= 32_767
    assert 255 * np.minimum(pairs, 0).sum(axis=1).min() >= -32_768
