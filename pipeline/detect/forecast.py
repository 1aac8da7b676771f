"""How large an incident will get, and how fast it doubles.

The final size given what is seen at a moment: size so far, and how many came in the last minutes.  A log-linear
quantile regression (Koenker and Bassett 1978) of the growth still to come, fitted on simulated snowballs by
`python -m benchmarks.detection.fit_forecast`.
"""

from __future__ import annotations

from math import exp, log1p

from msgspec import Struct

_QUANTILES: dict[str, tuple[float, float, float, float, float]] = {
    # growth still to come, as log(final / now) = max(0, a + b·ln(1+fast) + c·ln(1+middle) + d·ln(1+n) + e·ln(1+age))
    "low": (0.10, 0.10, 0.15, -0.20, 0.0),
    "middle": (0.55, 0.15, 0.30, -0.40, 0.0),
    "high": (1.20, 0.20, 0.40, -0.50, 0.0),
}


class Outlook(Struct, frozen=True):
    """Final size with the bounds of an 80 % interval, in mentions, and minutes until it has doubled (None: it will
    not at the present pace within two days)."""

    size: float
    low: float
    high: float
    doubling_minutes: float | None


def outlook(seen: int, fast: float, middle: float, minutes: float) -> Outlook:
    """The forecast for an incident of `seen` mentions that began `minutes` ago.

    `fast`, `middle`: its mentions, decaying over 5 and 30 minutes.
    """
    x = (1.0, log1p(fast), log1p(middle), log1p(seen), log1p(max(minutes, 0.0)))
    low, size, high = (
        seen * exp(min(max(sum(a * b for a, b in zip(_QUANTILES[name], x, strict=True)), 0.0), 5.0))
        for name in ("low", "middle", "high")
    )
    size = max(size, low)
    pace = max(fast / 5.0, middle / 30.0)
    doubling = seen / pace if pace > 0.0 else None
    if doubling is not None and doubling > 2880.0:
        doubling = None
    return Outlook(round(size, 1), round(low, 1), round(max(size, high), 1), round(doubling, 1) if doubling else None)
