"""The promise that the settings make."""

from __future__ import annotations

from pipeline.detect.promise import Promise, Team
from pipeline.settings.detect import DetectSettings


def promised(settings: DetectSettings) -> Promise:
    """What is promised to whom."""
    teams = tuple(
        Team(name, frozenset(team.entities), team.false_alarms) for name, team in sorted(settings.teams.items())
    )
    return Promise(settings.false_alarms, teams)
