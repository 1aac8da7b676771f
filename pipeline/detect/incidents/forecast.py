"""Forecasts how large an incident will get, and how fast it doubles.

The final size given what is seen at a moment: size so far, age, how many came in the last minutes, and in the last
tenth, quarter and half of the time.  Boosted regression trees (Friedman 2001) for the quantiles of the growth still to
come, fitted on the times of public repost trees and on simulated snowballs; the interval is widened, by age, until it
holds as often as it says on trees kept apart for that (conformalised quantile regression: Romano, Patterson and Candès
2019).  The trees are plain numbers in `forecast.json`, which names the command that makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from math import exp, log1p
from typing import Final, NamedTuple

import msgspec

from pipeline.detect.evidence.boosted import Forest

SHIPPED: Final = files("pipeline.detect.incidents").joinpath("forecast.json")

QUANTILES = {"low": 0.1, "middle": 0.38, "high": 0.9}
"""The middle is not the median: what misses the final size by the smallest share lies below it, since a size can be
overrated by any factor but underrated by no more than all of it."""

PARTS = (0.1, 0.25, 0.5, 0.75)
"""Parts of the time since the beginning in which what came counts by itself."""

_MOST: Final = 5.0  # e^5: nobody foresees more than a 150-fold growth
_LONGEST: Final = 2880.0
"""Minutes beyond which a doubling is not foreseen."""


class ForecastModel(NamedTuple):
    """The shipped forests, for the logarithm of final size over size now; `margins` (age in minutes from which on, how
    much) widen the interval at both ends."""

    made_by: str
    margins: list[tuple[float, float]]
    forests: dict[str, Forest]


@cache
def shipped() -> ForecastModel:
    """The model that comes with the product."""
    made = msgspec.json.decode(SHIPPED.read_bytes())
    forests = {name: Forest(**columns) for name, columns in made["forests"].items()}
    return ForecastModel(made["made_by"], [(since, by) for since, by in made["margins"]], forests)


def margin(margins: Sequence[tuple[float, float]], minutes: float) -> float:
    """How far the interval is widened at an age."""
    for since, by in reversed(margins):
        if minutes >= since:
            return by
    return margins[0][1]


class Outlook(NamedTuple):
    """Final size with the bounds of an 80 % interval, in mentions, and minutes until it has doubled (None: it will
    not at the present pace within two days)."""

    size: float
    low: float
    high: float
    doubling_minutes: float | None


def features(
    seen: int, fast: float, middle: float, slow: float, minutes: float, parts: Sequence[float]
) -> tuple[float, ...]:
    """What the forecast rests on: logarithms of size, age and recent counts, and how these stand to the size.

    `parts`: the shares of all mentions that came in each of the last `PARTS` of the time.
    """
    f, mention, entity = log1p(fast), log1p(middle), log1p(slow)
    n, a = log1p(seen), log1p(max(minutes, 0.0))
    return (n, a, f, mention, entity, f - mention, mention - n, *[log1p(part * seen) - n for part in parts])


def outlook(
    seen: int, fast: float, middle: float, slow: float, minutes: float, parts: Sequence[float] | None = None,
    upper: bool = True,
) -> Outlook:  # fmt: skip
    """The forecast for an incident of `seen` mentions that began `minutes` ago.

    `fast`, `middle`, `slow`: its mentions, decaying over 5, 30 and 180 minutes.  `parts`: see `shares`; without them
    the mentions are taken to have come evenly.  Without `upper` the upper bound is left at the size, in two thirds of
    the time.
    """
    model = shipped()
    x = features(seen, fast, middle, slow, minutes, PARTS if parts is None else parts)
    forests, wider = model.forests, margin(model.margins, minutes)
    low = _grown(seen, forests["low"].predict(x) - wider)
    size = max(_grown(seen, forests["middle"].predict(x)), low)
    high = _grown(seen, forests["high"].predict(x) + wider) if upper else size
    pace = max(fast / 5.0, middle / 30.0)
    doubling = seen / pace if pace > 0.0 else None
    if doubling is not None and doubling > _LONGEST:
        doubling = None
    return Outlook(round(size, 1), round(low, 1), round(max(size, high), 1), round(doubling, 1) if doubling else None)


def shares(counts: list[int], width: float, start: float, began: float, now: float) -> tuple[float, ...]:
    """Which share of what came since `began` came in each of the last `PARTS` of the time until `now`.

    `counts`: mentions in spans of `width` seconds from `start` on; within a span they are taken to be spread evenly.
    """
    whole = _since(counts, width, start, now, began)
    if whole <= 0.0 or now <= began:
        return (1.0,) * len(PARTS)
    return tuple([min(1.0, _since(counts, width, start, now, now - part * (now - began)) / whole) for part in PARTS])


def _grown(seen: int, growth: float) -> float:
    return seen * exp(min(max(growth, 0.0), _MOST))


def _since(counts: list[int], width: float, start: float, now: float, event_time: float) -> float:
    """Mentions since `event_time`."""
    span = max(0, int((event_time - start) // width))
    if span >= len(counts):
        return 0.0
    begin = start + span * width
    end = min(begin + width, max(now, begin + 1.0))
    total = counts[span] * min(1.0, max(0.0, (end - max(event_time, begin)) / (end - begin)))
    for later in range(span + 1, len(counts)):
        total += counts[later]
    return total
