"""A company's own false-alarm rate, with an interval, and the promise that would suit it.

Counted are pages in whole weeks of the company's history, after the week in which it was learned.  Where there are
labels, weeks with a real story are left out and what remains is false; without them nobody knows which page was false,
so every page counts: the rate is an upper bound.  The interval (90 %) is the wider of two: weeks resampled as blocks,
since pages come in clusters (Künsch 1989), and the exact one of a Poisson count (Garwood 1936), since a few weeks know
nothing of what has not happened yet.  A suggestion is only ever shown; no setting and no threshold is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp
from random import Random
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from pipeline.backtest.detection import Outcome
from pipeline.backtest.spool import CompanyHistory
from pipeline.detect.evidence import thresholds
from pipeline.detect.evidence.budget import MONTH
from pipeline.detect.evidence.thresholds import Thresholds
from pipeline.simulate.events import Story

WEEK: Final = 7 * 86_400.0
LEARNED: Final = WEEK
"""Seconds of a history that are not judged: thresholds are higher while a company is new."""

FEWEST: Final = 4
"""Whole weeks from which a rate is given at all."""

RESAMPLED: Final = 1_000
TAIL: Final = 0.05

Standing = Literal["too_short", "more", "fewer", "as_promised"]


class RateInterval(Struct, frozen=True):
    """Pages a month: what was seen, and the bounds of a 90 % interval."""

    rate: float
    low: float
    high: float


class OwnRate(Struct, frozen=True, kw_only=True):
    """What a company's own quiet weeks say of a promise.

    `observed`: None where there are fewer weeks than `FEWEST`.  `suggested`: the promise at which its rate would be
    the chosen one, with its `thresholds`; None where the history gives no reason, or no compared promise would do.
    """

    company: str
    name: str
    promise: float
    weeks: int
    pages: int
    standing: Standing
    observed: RateInterval | None = None
    suggested: float | None = None
    thresholds: Thresholds | None = None

    @property
    def needed(self) -> int:
        """Weeks without a page after which a rate as promised would be the highest that is likely."""
        return round(poisson_bounds(0)[1] / self.promise * MONTH / WEEK)


def own_rates(
    companies: Sequence[CompanyHistory], outcomes: dict[float, Outcome], chosen: float,
    stories: Sequence[Story] | None = None,
) -> list[OwnRate]:  # fmt: skip
    """The rate of each company at what it is promised in the run for `chosen`; `outcomes` are the runs by promise."""
    pages = {promise: _pages(outcome) for promise, outcome in outcomes.items()}
    found = []
    for company in companies:
        weeks = _quiet_weeks(company, stories)
        promise = outcomes[chosen].promise.of(company.id)
        counts = {each: _by_week(by_company.get(company.id, []), weeks) for each, by_company in pages.items()}
        found.append(_own_rate(company, promise, counts, chosen))
    return found


def _own_rate(company: CompanyHistory, promise: float, counts: dict[float, list[int]], chosen: float) -> OwnRate:
    weekly = counts[chosen]
    made = OwnRate(
        company=company.id, name=company.name, promise=promise, weeks=len(weekly), pages=sum(weekly),
        standing="too_short",
    )  # fmt: skip
    if len(weekly) < FEWEST:
        return made
    observed = interval(weekly)
    standing: Standing = "more" if observed.low > promise else "fewer" if observed.high < promise else "as_promised"
    suggested = None
    if standing == "more":
        stricter = [each for each in counts if each < promise and interval(counts[each]).rate <= promise]
        suggested = max(stricter, default=None)
    elif standing == "fewer":
        looser = [each for each in counts if each > promise and interval(counts[each]).high <= promise]
        suggested = max(looser, default=None)
    limits = None if suggested is None else thresholds.promised(suggested)
    return replace(made, standing=standing, observed=observed, suggested=suggested, thresholds=limits)


def interval(weekly: Sequence[int]) -> RateInterval:
    """Pages a month from the pages of each week; the same weeks give the same interval."""
    a_month = MONTH / WEEK / len(weekly)
    rng = Random(len(weekly))
    sums = sorted(sum(rng.choices(weekly, k=len(weekly))) for _ in range(RESAMPLED if any(weekly) else 1))
    low, high = poisson_bounds(sum(weekly))
    low = min(low, float(sums[int(TAIL * len(sums))]))
    high = max(high, float(sums[int((1.0 - TAIL) * (len(sums) - 1))]))
    return RateInterval(sum(weekly) * a_month, low * a_month, high * a_month)


def poisson_bounds(count: int) -> tuple[float, float]:
    """The means between which a Poisson count is not surprising at either end (5 % each).

    >>> [round(bound, 2) for bound in poisson_bounds(0)], [round(bound, 2) for bound in poisson_bounds(4)]
    ([0.0, 3.0], [1.37, 9.15])
    """
    most = 2.0 * count + 20.0
    high = _mean_where(lambda mean: at_most(count, mean) > TAIL, most)
    low = _mean_where(lambda mean: 1.0 - at_most(count - 1, mean) < TAIL, most) if count else 0.0
    return low, high


def at_most(count: int, mean: float) -> float:
    """The chance that a Poisson count of that mean is no more than `count`."""
    term = total = exp(-mean)
    for number in range(1, count + 1):
        term *= mean / number
        total += term
    return total if count >= 0 else 0.0


def _mean_where(below: Callable[[float], bool], most: float) -> float:
    """The mean from which on `below` no longer holds, by bisection."""
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if below(middle) else (low, middle)
    return low


def _pages(outcome: Outcome) -> dict[str, list[float]]:
    """When each company would have been paged about first, incident by incident, in seconds since 1970."""
    found: dict[str, list[float]] = {}
    for episode in outcome.episodes.values():
        if episode.paged is not None:
            found.setdefault(episode.last.entity.id, []).append(episode.paged.at.timestamp())
    return found


def _quiet_weeks(company: CompanyHistory, stories: Sequence[Story] | None) -> list[float]:
    """When each whole week began that is judged: all of them, or those without a real story where there are labels."""
    spans = [
        (story.start.timestamp(), story.end.timestamp())
        for story in stories or ()
        if story.incident and story.entity == company.id
    ]
    whole = int((company.last - company.first - LEARNED) // WEEK)
    weeks = [company.first + LEARNED + WEEK * number for number in range(whole)]
    return [start for start in weeks if not any(since < start + WEEK and until >= start for since, until in spans)]


def _by_week(pages: Sequence[float], weeks: Sequence[float]) -> list[int]:
    return [sum(start <= page < start + WEEK for page in pages) for start in weeks]
