"""Vectors that point somewhere: 64 whole numbers, kept as signed bytes.

The compiled form is `native/vectors.c`, of which this is the oracle.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from operator import mul
from struct import pack, unpack
from typing import Final

from pipeline.contracts.sketch import DIMENSIONS

LENGTH: Final = 127
"""Length of a vector as it is kept: its numbers fit a signed byte."""

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


def _product(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(map(mul, a, b))
