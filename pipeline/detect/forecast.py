"""How large an incident will get, and how fast it doubles.

The final size given what is seen at a moment: size so far, and how many came in the last minutes.  A log-linear
quantile regression (Koenker and Bassett 1978) of the growth still to come, fitted on simulated snowballs
and on the times of public repost trees by `python -m benchmarks.detection.fit_forecast`.
"""

from __future__ import annotations

from math import exp, log1p

from msgspec import Struct

QUANTILES = {"low": 0.1, "middle": 0.5, "high": 0.9}

_COEFFICIENTS: dict[str, tuple[float, ...]] = {
    # of `features`, for log(final size / size now)
    "low": (2.6468, 0.4873, 0.0653, 0.0, -0.7348, -0.2991, -0.0020, -0.0288, 0.0018, 0.0638, 0.0291, -0.0613, 0.0114),
    "middle": (5.5032, 0.3292, 0.5619, 0.0, -1.9081, -0.4797, 0.0134, 0.0093, 0.0397, 0.1506, 0.0779, -0.0349, -0.1051),
    "high": (8.3825, 0.1181, 1.3762, 0.0, -3.5395, -0.3285, 0.0540, 0.0377, 0.0946, 0.2455, 0.1275, 0.0, -0.2515),
}
_MOST = 5.0  # e^5: nobody foresees more than a 150-fold growth


def features(seen: int, fast: float, middle: float, slow: float, minutes: float) -> tuple[float, ...]:
    """What the forecast looks at: logarithms of the size, of the recent counts and of the age, their squares, and
    how the recent counts stand to the size."""
    f, m, s = log1p(fast), log1p(middle), log1p(slow)
    n, a = log1p(seen), log1p(max(minutes, 0.0))
    return (1.0, f, m, s, n, a, f * f, m * m, s * s, n * n, a * a, f * n, m * n)


class Outlook(Struct, frozen=True):
    """Final size with the bounds of an 80 % interval, in mentions, and minutes until it has doubled (None: it will
    not at the present pace within two days)."""

    size: float
    low: float
    high: float
    doubling_minutes: float | None


def outlook(seen: int, fast: float, middle: float, slow: float, minutes: float) -> Outlook:
    """The forecast for an incident of `seen` mentions that began `minutes` ago.

    `fast`, `middle`, `slow`: its mentions, decaying over 5, 30 and 180 minutes.
    """
    x = features(seen, fast, middle, slow, minutes)
    low, size, high = (
        seen * exp(min(max(sum(a * b for a, b in zip(_COEFFICIENTS[name], x, strict=True)), 0.0), _MOST))
        for name in QUANTILES
    )
    size = max(size, low)
    pace = max(fast / 5.0, middle / 30.0)
    doubling = seen / pace if pace > 0.0 else None
    if doubling is not None and doubling > 2880.0:
        doubling = None
    return Outlook(round(size, 1), round(low, 1), round(max(size, high), 1), round(doubling, 1) if doubling else None)
