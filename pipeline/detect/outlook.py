"""The forecast for an incident as it stands: what `forecast.py` has learned, asked."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log1p
from typing import Final

from pipeline.detect.forecast import PARTS, Outlook, margin, shipped
from pipeline.detect.forest import Forest

_MOST: Final = 5.0  # e^5: nobody foresees more than a 150-fold growth
_LONGEST: Final = 2880.0
"""Minutes beyond which a doubling is not foreseen."""


def features(
    seen: int, fast: float, middle: float, slow: float, minutes: float, parts: Sequence[float]
) -> tuple[float, ...]:
    """What the forecast looks at: logarithms of size, age and recent counts, and how these stand to the size.

    `parts`: the shares of all mentions that came in each of the last `PARTS` of the time.
    """
    f, m, s = log1p(fast), log1p(middle), log1p(slow)
    n, a = log1p(seen), log1p(max(minutes, 0.0))
    return (n, a, f, m, s, f - m, m - n, *[log1p(part * seen) - n for part in parts])


def outlook(
    seen: int, fast: float, middle: float, slow: float, minutes: float, parts: Sequence[float] | None = None
) -> Outlook:
    """The forecast for an incident of `seen` mentions that began `minutes` ago.

    `fast`, `middle`, `slow`: its mentions, decaying over 5, 30 and 180 minutes.  `parts`: see `shares`; without them
    the mentions are taken to have come evenly.
    """
    model = shipped()
    x = features(seen, fast, middle, slow, minutes, PARTS if parts is None else parts)
    forests, wider = model.forests, margin(model.margins, minutes)
    low = _grown(seen, _predicted(forests["low"], x) - wider)
    size = max(_grown(seen, _predicted(forests["middle"], x)), low)
    high = _grown(seen, _predicted(forests["high"], x) + wider)
    pace = max(fast / 5.0, middle / 30.0)
    doubling = seen / pace if pace > 0.0 else None
    if doubling is not None and doubling > _LONGEST:
        doubling = None
    return Outlook(round(size, 1), round(low, 1), round(max(size, high), 1), round(doubling, 1) if doubling else None)


def _predicted(forest: Forest, x: tuple[float, ...]) -> float:
    return forest.base + forest.rate * forest.trees.added(x)


def _grown(seen: int, growth: float) -> float:
    return seen * exp(min(max(growth, 0.0), _MOST))
