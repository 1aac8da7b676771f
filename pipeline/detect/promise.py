"""What was promised to whom, and whether it was kept: false alarms that people reported against those allowed.

A promise is a number of false alarms a month (30 days) for each entity, or in all for a team and its entities.  The
check is an exact test of a Poisson count (Garwood 1936), to one side: as many reported false alarms as these, or more,
would come by chance in at most `CHANCE` of all cases if the promise held.  Only what a person called false counts, so
that incidents without a verdict never break a promise; how many there are is said.  Where many entities or teams are
looked at, each must be the rarer (Bonferroni): otherwise one in twenty would be called broken at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, lgamma, log
from typing import Literal

from msgspec import Struct

MONTH = 30 * 86_400.0
"""Seconds of the month of a promise."""

CHANCE = 0.05
"""A promise counts as broken when so many false alarms, or more, would come less often than this."""


class Team(Struct, frozen=True):
    """Those who answer for some entities, and the false alarms a month that they accept for all of them together."""

    name: str
    entities: frozenset[str]
    false_alarms: float


class Promise(Struct, frozen=True):
    """False alarms an entity and month (`each`), and the teams that are promised a number in all."""

    each: float
    teams: tuple[Team, ...] = ()

    def of(self, entity: str) -> float:
        """What is promised for one entity: an equal part of its team's number; the least of several teams'."""
        if not self.teams:
            return self.each
        parts = [team.false_alarms / len(team.entities) for team in self.teams if entity in team.entities]
        return min(parts, default=self.each)


class Watched(Struct, frozen=True):
    """An entity, and the months for which it was listened to in the span that is looked at."""

    entity: str
    name: str
    months: float


class Told(Struct, frozen=True):
    """An incident that somebody was told of, with the verdict on it if there is one."""

    entity: str
    verdict: str | None


class Kept(Struct, frozen=True, kw_only=True):
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


class Check(Struct, frozen=True):
    """All promises over the last `days`: the whole, the teams, and the entities with a verdict, the worst first."""

    days: float
    kept: tuple[Kept, ...]

    @property
    def whole(self) -> Kept:
        return self.kept[0]

    @property
    def broken(self) -> tuple[Kept, ...]:
        """The promises that chance cannot explain."""
        return tuple(one for one in self.kept if one.broken)


def check(promise: Promise, watched: Sequence[Watched], told: Iterable[Told], days: float) -> Check:
    """Hold what was told against what was promised.  Deterministic; raises nothing."""
    incidents = list(told)
    whole = _kept("all", "everything", promise, watched, incidents, 1)
    teams = []
    for team in promise.teams:
        own = [one for one in watched if one.entity in team.entities]
        about = [one for one in incidents if one.entity in team.entities]
        teams.append(_kept("team", team.name, promise, own, about, len(promise.teams)))
    judged = {one.entity for one in incidents if one.verdict is not None}
    entities = [
        _kept("entity", one.name, promise, [one], [i for i in incidents if i.entity == one.entity], len(watched))
        for one in watched
        if one.entity in judged
    ]
    rank = lambda kept: (kept.chance, kept.name)  # noqa: E731
    return Check(days, (whole, *sorted(teams, key=rank), *sorted(entities, key=rank)))


def tail(count: int, mean: float) -> float:
    """The chance of `count` or more from a Poisson variable of this mean."""
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
    """The lower end of the exact one-sided interval: the mean of which `count` or more come with this chance."""
    if count <= 0:
        return 0.0
    low, high = 0.0, float(count)
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if tail(count, middle) < chance else (low, middle)
    return low


def sentence(kept: Kept, days: float) -> str:
    """One line for a person."""
    false = f"{kept.reported:,} false alarm{'' if kept.reported == 1 else 's'} reported in {days:.0f} days"
    words = f"{false}, {kept.allowed:,.2g} allowed"
    if kept.broken:
        chance = f"1 in {1.0 / kept.chance:,.0f}" if kept.chance > 1e-9 else "none"
        return f"{words}: the world has left the model (chance {chance})"
    if not kept.judged:
        return f"{words}: {'not known, no incident has a verdict' if kept.unjudged else 'nothing to judge'}"
    open_ = f"; {kept.unjudged:,} incidents have no verdict" if kept.unjudged else ""
    return f"{words}: kept, as far as verdicts show{open_}"


def _kept(
    scope: Literal["all", "team", "entity"], name: str, promise: Promise, watched: Sequence[Watched],
    told: Sequence[Told], looks: int,
) -> Kept:  # fmt: skip
    """One promise; `looks` is how many of its kind are looked at."""
    months = sum(one.months for one in watched)
    allowed = sum(one.months * promise.of(one.entity) for one in watched)
    reported = sum(one.verdict == "false" for one in told)
    judged = sum(one.verdict is not None for one in told)
    chance = tail(reported, allowed)
    span = allowed / sum(promise.of(one.entity) for one in watched) if allowed > 0.0 else 1.0
    return Kept(
        scope=scope,
        name=name,
        months=months,
        allowed=allowed,
        reported=reported,
        judged=judged,
        unjudged=len(told) - judged,
        chance=chance,
        at_least=lowest_mean(reported) / span,
        broken=reported > 0 and chance * max(1, looks) < CHANCE,
    )
