"""Sketch of a text: the compact embedding of a mention, 64 small numbers.

A sketch is the unit-length, 64-dimensional projection of a text's embedding, times 127, each number rounded to a signed
byte, in standard base64 (88 characters).  Rounding moves the cosine of two sketches by less than 0.02.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error, a2b_base64
from collections.abc import Iterable, Sequence
from math import isfinite, sqrt
from struct import pack, unpack

DIMENSIONS = 64
LENGTH = 88
"""Characters of an encoded sketch."""

_SCALE = 127
_LAYOUT = f"{DIMENSIONS}b"

Sketch = tuple[int, ...]
"""64 whole numbers from -127 to 127; their direction counts, not their length."""


def encode(vector: Sequence[float]) -> str:
    """The sketch of a vector of any length but zero, as text.

    Raises `ValueError` when it has not 64 finite numbers, or points nowhere.
    """
    if len(vector) != DIMENSIONS:
        raise ValueError(f"a sketch has {DIMENSIONS} numbers, not {len(vector)}")
    length = sqrt(sum(float(x) * float(x) for x in vector))
    if not isfinite(length) or length == 0.0:
        raise ValueError("a sketch needs finite numbers that are not all zero")
    return b64encode(pack(_LAYOUT, *(round(_SCALE * float(x) / length) for x in vector))).decode("ascii")


def decode(text: str) -> Sketch | None:
    """The numbers of an encoded sketch; None for anything else (wrong length, not base64, all zero)."""
    if len(text) != LENGTH:
        return None
    try:
        data = a2b_base64(text, strict_mode=True)
    except (Error, ValueError):
        return None
    if len(data) != DIMENSIONS or not any(data):
        return None
    return unpack(_LAYOUT, data)


def cosine(left: Sketch, right: Sketch) -> float:
    """How alike two sketches are, from -1 to 1."""
    product = sum(x * y for x, y in zip(left, right, strict=True))
    return product / sqrt(sum(x * x for x in left) * sum(y * y for y in right))


def sketch_of(vector: Iterable[float] | None) -> str | None:
    """The sketch of what a model keeps of a text, as text; None where it keeps nothing, or what points nowhere."""
    try:
        return None if vector is None else encode([float(x) for x in vector])
    except ValueError:
        return None
