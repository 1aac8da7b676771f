"""How large an incident will get, and how fast it doubles.

The final size given what is seen at a moment: size so far, age, how many came in the last minutes, and in the last
tenth, quarter and half of the time.  Boosted regression trees (Friedman 2001) for the quantiles of the growth still to
come, fitted on the times of public repost trees and on simulated snowballs; the interval is widened, by age, until it
holds as often as it says on trees kept apart for that (conformalised quantile regression: Romano, Patterson and Candès
2019).  The trees are plain numbers in `forecast.json`, which names the command that makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from math import exp, log1p

import msgspec
from msgspec import Struct

from pipeline.detect.trees import Node, added, grown

QUANTILES = {"low": 0.1, "middle": 0.38, "high": 0.9}
"""The middle is not the median: what misses the final size by the smallest share lies below it, since a size can be
overrated by any factor but underrated by no more than all of it."""

PARTS = (0.1, 0.25, 0.5, 0.75)
"""Parts of the time since the beginning in which what came is looked at by itself."""

_MOST = 5.0  # e^5: nobody foresees more than a 150-fold growth
_LONGEST = 2880.0
"""Minutes beyond which a doubling is not foreseen."""


class Forest(Struct, frozen=True, dict=True):
    """Trees laid end to end; a node without children (`left` 0) holds a value, the others ask whether `feature` is at
    most `threshold` and go left if so.  Children are counted from their tree's root."""

    base: float
    rate: float
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    def predict(self, x: Sequence[float]) -> float:
        """The sum over all trees."""
        return self.base + self.rate * added(self.trees, tuple(x))

    @cached_property
    def trees(self) -> list[Node]:
        """The same as objects."""
        return [grown(self.feature, self.threshold, self.left, self.right, root, root) for root in self.roots]


class Model(Struct, frozen=True):
    """The shipped forests, for the logarithm of final size over size now; `margins` (age in minutes from which on, how
    much) widen the interval at both ends."""

    made_by: str
    margins: tuple[tuple[float, float], ...]
    forests: dict[str, Forest]


@cache
def shipped() -> Model:
    """The model that comes with the product."""
    return msgspec.json.decode(files("pipeline.detect").joinpath("forecast.json").read_bytes(), type=Model)


def features(
    seen: int, fast: float, middle: float, slow: float, minutes: float, parts: Sequence[float]
) -> tuple[float, ...]:
    """What the forecast looks at: logarithms of size, age and recent counts, and how these stand to the size.

    `parts`: the shares of all mentions that came in each of the last `PARTS` of the time.
    """
    f, m, s = log1p(fast), log1p(middle), log1p(slow)
    n, a = log1p(seen), log1p(max(minutes, 0.0))
    return (n, a, f, m, s, f - m, m - n, *(log1p(part * seen) - n for part in parts))


def margin(margins: tuple[tuple[float, float], ...], minutes: float) -> float:
    """How far the interval is widened at an age."""
    return next((by for since, by in reversed(margins) if minutes >= since), margins[0][1])


class Outlook(Struct, frozen=True):
    """Final size with the bounds of an 80 % interval, in mentions, and minutes until it has doubled (None: it will
    not at the present pace within two days)."""

    size: float
    low: float
    high: float
    doubling_minutes: float | None


def outlook(
    seen: int, fast: float, middle: float, slow: float, minutes: float, parts: Sequence[float] | None = None
) -> Outlook:
    """The forecast for an incident of `seen` mentions that began `minutes` ago.

    `fast`, `middle`, `slow`: its mentions, decaying over 5, 30 and 180 minutes.  `parts`: see `shares`; without them
    the mentions are taken to have come evenly.
    """
    model = shipped()
    x = features(seen, fast, middle, slow, minutes, PARTS if parts is None else parts)
    growth = {name: forest.predict(x) for name, forest in model.forests.items()}
    wider = margin(model.margins, minutes)
    low, size, high = (
        seen * exp(min(max(value, 0.0), _MOST))
        for value in (growth["low"] - wider, growth["middle"], growth["high"] + wider)
    )
    size = max(size, low)
    pace = max(fast / 5.0, middle / 30.0)
    doubling = seen / pace if pace > 0.0 else None
    if doubling is not None and doubling > _LONGEST:
        doubling = None
    return Outlook(round(size, 1), round(low, 1), round(max(size, high), 1), round(doubling, 1) if doubling else None)
