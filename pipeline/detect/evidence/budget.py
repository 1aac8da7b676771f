"""The budget of false alarms: what is promised for each entity, from the settings."""

from __future__ import annotations

from msgspec import Struct

from pipeline.settings.detect import DetectSettings

MONTH = 30 * 86_400.0
"""Seconds of the month of a promise."""


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


def promised(settings: DetectSettings) -> Promise:
    """What is promised to whom."""
    teams = tuple(
        Team(name, frozenset(team.entities), team.false_alarms) for name, team in sorted(settings.teams.items())
    )
    return Promise(settings.false_alarms, teams)
