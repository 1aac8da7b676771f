"""Severity from 0 to 5; what the numbers mean to a person is in docs/detection.md."""

from __future__ import annotations

from math import sqrt
from typing import Final

_SIZES = (10.0, 30.0, 100.0, 400.0, 1500.0)
_SOON, _MANY = 10.0, 20

FEW: Final = 10
HANDFUL: Final = 0.2
"""Part of the careful size that counts while fewer than `FEW` mentions are known: the forecast was fitted on snowballs,
and of a handful nobody knows yet whether it is one.  `benchmarks/detection/fit_severity.py` fits it."""


def severity(
    low: float, size: float, seen: int, doubling_minutes: float | None, daily_negative: float, coordinated: bool
) -> int:
    """0–5 from the predicted final size, taken half-way (in the logarithm) between its lower bound and its middle.

    One more when it doubles within ten minutes and is not tiny; one less when it is no more than half of what the
    entity has of negatives on an ordinary day; at most 2 when coordinated.
    """
    careful = sqrt(max(low, 1.0) * max(size, 1.0))
    if seen < FEW:
        careful = max(float(seen), HANDFUL * careful)
    level = sum(careful >= least for least in _SIZES)
    if doubling_minutes is not None and doubling_minutes <= _SOON and seen >= _MANY:
        level += 1
    if careful < 0.5 * daily_negative:
        level -= 1
    return max(0, min(level, 2 if coordinated else 5))
