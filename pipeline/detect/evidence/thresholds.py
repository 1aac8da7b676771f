"""Thresholds: how much evidence each test must show to keep a promise of false alarms.

The table is measured on simulated streams in which nothing happens and shipped beside this file; it names the command
that makes it.  The promise is split over the tests; what a test fires with is a threshold between table rows, on a
straight line in the logarithm of the rate.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import exp, log
from typing import Literal

import msgspec
from msgspec import Struct

TestName = Literal["together", "surge", "pile_on", "groundswell", "amplification"]

_LEAST, _MOST = 1e-4, 50.0
_HIGHEST = 13.5
"""Evidence is capped at 14: a test that is asked for more could never fire."""


class Curve(Struct, frozen=True):
    """False alarms per entity and month at rising thresholds (nats; standard deviations for a groundswell)."""

    thresholds: tuple[float, ...]
    false_alarms: tuple[float, ...]

    def threshold(self, rate: float) -> float:
        """The threshold that gives `rate` false alarms per entity and month; extended beyond the table's ends."""
        points = list(zip(self.thresholds, self.false_alarms, strict=True))
        first, last = points[0], points[-1]
        for left, right in pairwise(points):
            if right[1] <= rate:
                first, last = left, right
                break
        else:
            first, last = points[-2], points[-1]
        slope = (last[0] - first[0]) / (log(last[1]) - log(first[1]))
        return max(first[0] + slope * (log(rate) - log(first[1])), self.thresholds[0])

    def rate(self, threshold: float) -> float:
        """The false alarms per entity and month of a threshold."""
        points = list(zip(self.thresholds, self.false_alarms, strict=True))
        left, right = points[0], points[1]
        for pair in pairwise(points):
            left, right = pair
            if right[0] >= threshold:
                break
        slope = (log(right[1]) - log(left[1])) / (right[0] - left[0])
        return exp(log(left[1]) + slope * (threshold - left[0]))


class Table(Struct, frozen=True):
    """The shipped table: `share` of the promise that each test is given, and each test's curve.  What is reported of
    an entity comes from the judgement on both, `together`, or from `pile_on` and `surge`, never from all three."""

    made_by: str
    entity_months: float
    share: dict[str, float]
    curves: dict[str, Curve]


class Thresholds(Struct, frozen=True):
    """Thresholds of the tests, and the rate that each is allowed.  `together` is the judgement on pile-ons and surges,
    which has their parts of the promise; the two by themselves decide where it does not."""

    together: float
    surge: float
    pile_on: float
    groundswell: float
    amplification: float
    rates: dict[str, float]


@cache
def shipped() -> Table:
    """The table that comes with the product."""
    return msgspec.json.decode(files("pipeline.detect.evidence").joinpath("thresholds.json").read_bytes(), type=Table)


def promised(false_alarms: float, table: Table | None = None) -> Thresholds:
    """The thresholds that keep to `false_alarms` per entity and month, all tests together.

    Raises `ValueError` for a rate that is not positive.
    """
    if not false_alarms > 0.0:
        raise ValueError(f"false alarms per entity and month must be positive, not {false_alarms}")
    table = shipped() if table is None else table
    rate = min(max(false_alarms, _LEAST), _MOST)
    rates = {name: rate * share for name, share in table.share.items()}
    limits = {name: min(curve.threshold(rates[name]), _HIGHEST) for name, curve in table.curves.items()}
    return Thresholds(**limits, rates=rates)
