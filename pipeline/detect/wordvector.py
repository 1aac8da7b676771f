"""A vector of the words of a text, for mentions that come without a sketch of their meaning.

The compiled form is `native/wordvector.c`, of which this is the oracle.
"""

from __future__ import annotations

from zlib import crc32

from pipeline.contracts.sketch import DIMENSIONS, Sketch
from pipeline.detect.phrases import Past
from pipeline.detect.vectors import LENGTH


def hashed(said: list[str], past: Past) -> Sketch | None:
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
