"""Directions of 64 signed bytes: their products and sums, and the vector of a text's words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from struct import unpack
from typing import Final
from zlib import crc32

from pipeline.contracts.sketch import DIMENSIONS, Sketch
from pipeline.detect.narratives.vocabulary import PastVocabulary

LENGTH: Final = 127
"""Length of a direction: its numbers fit a signed byte."""

_LAYOUT = f"{DIMENSIONS}b"


def unit(values: Sequence[int]) -> bytes:
    """The direction of a vector, of length `LENGTH`, exactly rounded."""
    return _scaled(list(values), sum([value * value for value in values]))


def numbers(direction: bytes) -> tuple[int, ...]:
    """The numbers of a direction, each at most `LENGTH` in size."""
    return unpack(_LAYOUT, direction)


def product(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    """The scalar product of the `numbers` of two directions."""
    total = 0
    for x, y in zip(left, right):  # noqa: B905 - half the time, and both are of one length
        total += x * y
    return total


def united(p: int, left: bytes, q: int, right: bytes) -> tuple[bytes, int]:
    """The direction of `p` times `left` and `q` times `right` together, and their length, rounded down."""
    total: list[int] = []
    square = 0
    for x, y in zip(numbers(left), numbers(right)):  # noqa: B905 - as above
        value = p * x + q * y
        total.append(value)
        square += value * value
    return _scaled(total, square), isqrt(square)


def hashed(said: list[str], past: PastVocabulary) -> Sketch | None:
    """A vector of the `terms` of a text: signed hashing (Weinberger et al. 2009), rare words of the past count more."""
    sums = [0.0] * DIMENSIONS
    for term in said:
        key = crc32(term.encode("utf-8", "replace"))
        rare = 1.0 / (0.02 + min(past.usual(key), 1.0))
        sums[key % DIMENSIONS] += rare if key >> 16 & 1 else -rare
    most = 0.0
    for value in sums:
        most = max(most, abs(value))
    if most == 0.0:
        return None
    return tuple([round(LENGTH * value / most) if value else 0 for value in sums])


def _scaled(values: list[int], square: int) -> bytes:
    """Values whose squares add up to `square`, scaled to `LENGTH`."""
    scale = isqrt(square << 16) or 1  # 256 times the length
    return bytes([(2 * 256 * LENGTH * value + scale) // (2 * scale) & 255 for value in values])
