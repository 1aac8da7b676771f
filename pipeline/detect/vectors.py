"""Vectors of whole numbers, which point somewhere: 64 numbers are too few for an array library to pay."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from operator import mul
from struct import pack, unpack
from typing import Final

from pipeline.sketch import DIMENSIONS

LENGTH: Final = 127
"""Length of a vector as it is kept: its numbers fit a signed byte."""

_LAYOUT = f"{DIMENSIONS}b"


def product(a: Sequence[int], b: Sequence[int]) -> int:
    """The scalar product."""
    return sum(map(mul, a, b))


def added(p: int, a: Sequence[int], q: int, b: Sequence[int]) -> list[int]:
    """`p` times the one and `q` times the other."""
    return [p * x + q * y for x, y in zip(a, b, strict=True)]


def unit(values: Sequence[int]) -> list[int]:
    """The direction of a vector, of length `LENGTH`, exactly rounded."""
    scale = isqrt(product(values, values) << 16) or 1  # 256 times the length
    return [(2 * 256 * LENGTH * value + scale) // (2 * scale) for value in values]


def numbers_of(centre: bytes) -> tuple[int, ...]:
    """The numbers of a vector that is kept as signed bytes."""
    return unpack(_LAYOUT, centre)


def centre_of(numbers: Sequence[int]) -> bytes:
    """A vector of length `LENGTH` as signed bytes."""
    return pack(_LAYOUT, *numbers)
