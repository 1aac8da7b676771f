"""Forecast errors: how far off, and how often within the interval, once incidents are over."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from msgspec import Struct

from pipeline.backtest.detection import Episode
from pipeline.contracts.incidents import Foretold

AGES = (("at the opening", 0.0), ("after half an hour", 30.0), ("after an hour", 60.0))
"""Ages of an incident from which a forecast is judged, in minutes, in words."""

SLOW = "of a groundswell"
"""A groundswell is days old when it opens: its forecasts stand apart."""


class Marks(Struct, frozen=True):
    """Forecasts of one age: how many, the median of their relative errors, the share whose 80 % interval held."""

    age: str
    number: int
    error: float
    held: float


def forecast_marks(episodes: Iterable[Episode]) -> list[Marks]:
    """The marks by age; ages of which there was no forecast are left out.

    An incident counts when it is over and did not turn out to be coordinated: what few accounts will do, nobody knows.
    """
    by_age: dict[str, list[Foretold]] = {age: [] for age in (*dict(AGES), SLOW)}
    for episode in episodes:
        if episode.last.resolved_at is None or episode.last.coordinated:
            continue
        for review in episode.last.review:
            by_age[SLOW if episode.last.kind == "groundswell" else _age(review.minutes)].append(review)
    return [
        Marks(
            age,
            len(given),
            median(forecast.error for forecast in given),
            sum(forecast.held for forecast in given) / len(given),
        )
        for age, given in by_age.items()
        if given
    ]


def _age(minutes: float) -> str:
    return next((age for age, least in reversed(AGES) if minutes >= least), AGES[0][0])
