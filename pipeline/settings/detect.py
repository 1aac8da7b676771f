"""The [detect] section: the promised number of false alarms, also by team."""

from __future__ import annotations

from pydantic import Field

from pipeline.settings.section import Section


class TeamSettings(Section):
    """A team that is promised a number of false alarms for all of its entities together."""

    entities: tuple[str, ...] = Field(min_length=1, max_length=100_000)
    """Ids of its entities."""
    false_alarms: float = Field(gt=0.0, le=10_000.0)
    """Promised false alarms a month, in all; each entity gets an equal part of them."""


class DetectSettings(Section):
    """The detector."""

    false_alarms: float = Field(default=0.2, gt=0.0, le=30.0)
    """Promised false alarms per entity and month."""
    page_coordinated: bool = False
    """Page for incidents that look coordinated, too; they are labelled with the reasons either way."""
    teams: dict[str, TeamSettings] = Field(default={})
    """Teams by name, in the file only: `[detect.teams.NAME]` with `entities` (ids) and `false_alarms` (a month, for all
    of them together); their entities get an equal part each instead of `detect.false_alarms`."""
