"""How large an incident will get, and how fast it doubles.

The final size given what is seen at a moment: size so far, age, how many came in the last minutes, and in the last
tenth, quarter and half of the time.  Boosted regression trees (Friedman 2001) for the quantiles of the growth still to
come, fitted on the times of public repost trees and on simulated snowballs; the interval is widened, by age, until it
holds as often as it says on trees kept apart for that (conformalised quantile regression: Romano, Patterson and Candès
2019).  The trees are plain numbers in `forecast.json`, which names the command that makes it;
`outlook.py` asks them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from pipeline.detect.forest import Forest

QUANTILES = {"low": 0.1, "middle": 0.38, "high": 0.9}
"""The middle is not the median: what misses the final size by the smallest share lies below it, since a size can be
overrated by any factor but underrated by no more than all of it."""

PARTS = (0.1, 0.25, 0.5, 0.75)
"""Parts of the time since the beginning in which what came is looked at by itself."""


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


def margin(margins: tuple[tuple[float, float], ...], minutes: float) -> float:
    """How far the interval is widened at an age."""
    for since, by in reversed(margins):
        if minutes >= since:
            return by
    return margins[0][1]


class Outlook(Struct, frozen=True):
    """Final size with the bounds of an 80 % interval, in mentions, and minutes until it has doubled (None: it will
    not at the present pace within two days)."""

    size: float
    low: float
    high: float
    doubling_minutes: float | None
