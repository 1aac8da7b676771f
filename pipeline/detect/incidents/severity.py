"""Severity from 0 to 5; what the numbers mean to a person is in docs/detection.md."""

from __future__ import annotations

from math import sqrt

_SIZES = (10.0, 30.0, 100.0, 400.0, 1500.0)
_SOON, _MANY = 10.0, 20


def severity(
    low: float, size: float, seen: int, doubling_minutes: float | None, daily_negative: float, coordinated: bool
) -> int:
    """0–5 from the predicted final size, taken half-way (in the logarithm) between its lower bound and its middle.

    One more when it doubles within ten minutes and is not tiny; one less when it is no more than half of what the
    entity has of negatives on an ordinary day; at most 2 when coordinated.
    """
    careful = sqrt(max(low, 1.0) * max(size, 1.0))
    level = sum(careful >= least for least in _SIZES)
    if doubling_minutes is not None and doubling_minutes <= _SOON and seen >= _MANY:
        level += 1
    if careful < 0.5 * daily_negative:
        level -= 1
    return max(0, min(level, 2 if coordinated else 5))
