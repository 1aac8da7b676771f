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
    scale = isqrt(_product(values, values) << 16) or 1  # 256 times the length
    return pack(_LAYOUT, *[(2 * 256 * LENGTH * value + scale) // (2 * scale) for value in values])


def product(a: bytes, b: bytes) -> int:
    """The scalar product."""
    return _product(unpack(_LAYOUT, a), unpack(_LAYOUT, b))


def united(p: int, a: bytes, q: int, b: bytes) -> tuple[bytes, int]:
    """The direction of `p` times the one and `q` times the other together, and their length, rounded down."""
    total = [p * x + q * y for x, y in zip(unpack(_LAYOUT, a), unpack(_LAYOUT, b), strict=True)]
    return unit(total), isqrt(_product(total, total))


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


def _product(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(map(mul, a, b))
