"""From the model's embedding of a text to the sketch that its mentions carry.

A random projection with signs only (Achlioptas 2003) keeps cosines to about 0.1, whatever model the embedding comes
from.  The signs come from a hash, so they are the same on every machine and with every version of every library.
"""

from __future__ import annotations

from functools import cache
from hashlib import shake_256

import numpy as np
from numpy.typing import NDArray

from pipeline.sketch import DIMENSIONS, encode

_NAME = b"groundswell sketch 1"
"""Changes when the signs do: sketches made with others cannot be compared."""


def sketch_of(embedding: NDArray[np.float32] | None) -> str | None:
    """The sketch of an embedding of any width; None without one, or for one that points nowhere."""
    if embedding is None:
        return None
    projected = embedding @ _signs(len(embedding))
    try:
        return encode(projected.tolist())
    except ValueError:
        return None


@cache
def _signs(width: int) -> NDArray[np.float32]:
    """1 and -1, (width, `DIMENSIONS`)."""
    bits = np.unpackbits(np.frombuffer(shake_256(_NAME).digest((width * DIMENSIONS + 7) // 8), np.uint8))
    return (bits[: width * DIMENSIONS].reshape(width, DIMENSIONS) * 2.0 - 1.0).astype(np.float32)
