"""Compliance with the promise: false alarms that people reported against those allowed.

The check is an exact test of a Poisson count (Garwood 1936), to one side: as many reported false alarms as these, or
more, would come by chance in at most `CHANCE` of all cases if the promise held.  Only what a person called false
counts, so that incidents without a verdict never break a promise; how many there are is said.  Where many entities or
teams are checked, each must be the rarer (Bonferroni): otherwise one in twenty would be called broken at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, lgamma, log
from typing import Literal

from msgspec import Struct

from pipeline.detect.evidence.budget import Promise

CHANCE = 0.05
"""A promise counts as broken when so many false alarms, or more, would come less often than this."""


class WatchedEntity(Struct, frozen=True):
    """An entity, and the months for which it was watched in the span."""

    entity: str
    name: str
    months: float


class ReportedIncident(Struct, frozen=True):
    """An incident that somebody was notified of, with the verdict on it if there is one."""

    entity: str
    verdict: str | None


class Compliance(Struct, frozen=True, kw_only=True):
    """How one promise was kept.

    `allowed`: false alarms that the promise stands for in the span; `reported`: incidents called false; `judged` and
    `unjudged`: incidents with and without a verdict.  `chance`: of so many or more, were the promise kept; `at_least`:
    the lowest rate (a month, in this scope) that would bring as many in one of twenty cases.
    """

    scope: Literal["all", "team", "entity"]
    name: str
    months: float
    allowed: float
    reported: int
    judged: int
    unjudged: int
    chance: float
    at_least: float
    broken: bool

    @property
    def likely(self) -> float:
        """False alarms to be reckoned with if the incidents without a verdict are like those with one."""
        return self.reported * (1.0 + self.unjudged / self.judged) if self.judged else 0.0


class ComplianceReport(Struct, frozen=True):
    """All promises over the last `days`: the whole, the teams, and the entities with a verdict, the worst first."""

    days: float
    results: tuple[Compliance, ...]

    @property
    def whole(self) -> Compliance:
        return self.results[0]

    @property
    def broken(self) -> tuple[Compliance, ...]:
        """The promises that chance cannot explain."""
        return tuple(result for result in self.results if result.broken)


def check(
    promise: Promise, watched: Sequence[WatchedEntity], reported: Iterable[ReportedIncident], days: float
) -> ComplianceReport:
    """Hold what was reported against what was promised.  Deterministic; raises nothing."""
    incidents = list(reported)
    whole = _result("all", "everything", promise, watched, incidents, 1)
    teams = []
    for team in promise.teams:
        own = [entity for entity in watched if entity.entity in team.entities]
        about = [incident for incident in incidents if incident.entity in team.entities]
        teams.append(_result("team", team.name, promise, own, about, len(promise.teams)))
    judged = {incident.entity for incident in incidents if incident.verdict is not None}
    entities = []
    for entity in watched:
        if entity.entity in judged:
            about = [incident for incident in incidents if incident.entity == entity.entity]
            entities.append(_result("entity", entity.name, promise, [entity], about, len(watched)))
    rank = lambda result: (result.chance, result.name)  # noqa: E731
    return ComplianceReport(days, (whole, *sorted(teams, key=rank), *sorted(entities, key=rank)))


def tail(count: int, mean: float) -> float:
    """The chance of `count` or more from a Poisson variable of this mean.

    >>> round(tail(3, 1.0), 4)
    0.0803
    """
    if count <= 0:
        return 1.0
    if mean <= 0.0:
        return 0.0
    below = sum(exp(k * log(mean) - mean - lgamma(k + 1.0)) for k in range(count))
    if below < 0.999:
        return 1.0 - below
    first = exp(count * log(mean) - mean - lgamma(count + 1.0))  # far out: sum what is left, not what is missing
    rest = term = 1.0
    for k in range(count + 1, count + 200):
        term *= mean / k
        rest += term
    return first * rest


def lowest_mean(count: int, chance: float = CHANCE) -> float:
    """The lower end of the exact one-sided interval: the mean of which `count` or more come with this chance.

    >>> round(lowest_mean(3, 0.05), 3)
    0.818
    """
    if count <= 0:
        return 0.0
    low, high = 0.0, float(count)
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if tail(count, middle) < chance else (low, middle)
    return low


def sentence(result: Compliance, days: float) -> str:
    """One line for a person."""
    false = f"{result.reported:,} false alarm{'' if result.reported == 1 else 's'} reported in {days:.0f} days"
    words = f"{false}, {result.allowed:,.2g} allowed"
    if result.broken:
        chance = f"1 in {1.0 / result.chance:,.0f}" if result.chance > 1e-9 else "none"
        return f"{words}: the world has left the model (chance {chance})"
    if not result.judged:
        return f"{words}: {'not known, no incident has a verdict' if result.unjudged else 'nothing to judge'}"
    open_ = f"; {result.unjudged:,} incidents have no verdict" if result.unjudged else ""
    return f"{words}: kept, as far as verdicts show{open_}"


def _result(
    scope: Literal["all", "team", "entity"], name: str, promise: Promise, watched: Sequence[WatchedEntity],
    incidents: Sequence[ReportedIncident], compared: int,
) -> Compliance:  # fmt: skip
    """One promise; `compared` is how many of its kind there are."""
    months = sum(entity.months for entity in watched)
    allowed = sum(entity.months * promise.of(entity.entity) for entity in watched)
    reported = sum(incident.verdict == "false" for incident in incidents)
    judged = sum(incident.verdict is not None for incident in incidents)
    chance = tail(reported, allowed)
    span = allowed / sum(promise.of(entity.entity) for entity in watched) if allowed > 0.0 else 1.0
    return Compliance(
        scope=scope,
        name=name,
        months=months,
        allowed=allowed,
        reported=reported,
        judged=judged,
        unjudged=len(incidents) - judged,
        chance=chance,
        at_least=lowest_mean(reported) / span,
        broken=reported > 0 and chance * max(1, compared) < CHANCE,
    )
