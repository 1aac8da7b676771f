"""Directions of 64 signed bytes: their products and sums, and the vector of a text's words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from operator import mul
from struct import pack, unpack
from typing import Final
from zlib import crc32

from pipeline.contracts.sketch import DIMENSIONS, Sketch
from pipeline.detect.narratives.vocabulary import PastVocabulary

LENGTH: Final = 127
"""Length of a direction: its numbers fit a signed byte."""

_LAYOUT = f"{DIMENSIONS}b"


def unit(values: Sequence[int]) -> bytes:
    """The direction of a vector, of length `LENGTH`, exactly rounded."""
    return _scaled(values, _product(values, values))


def product(left: bytes, right: bytes) -> int:
    """The scalar product of two directions."""
    return _product(_numbers(left), _numbers(right))


def united(p: int, left: bytes, q: int, right: bytes) -> tuple[bytes, int]:
    """The direction of `p` times `left` and `q` times `right` together, and their length, rounded down."""
    total = [p * x + q * y for x, y in zip(_numbers(left), _numbers(right), strict=True)]
    square = _product(total, total)
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


def _numbers(direction: bytes) -> tuple[int, ...]:
    return unpack(_LAYOUT, direction)


def _product(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(map(mul, left, right))


def _scaled(values: Sequence[int], square: int) -> bytes:
    """Values whose squares add up to `square`, scaled to `LENGTH`."""
    scale = isqrt(square << 16) or 1  # 256 times the length
    return pack(_LAYOUT, *[(2 * 256 * LENGTH * value + scale) // (2 * scale) for value in values])
