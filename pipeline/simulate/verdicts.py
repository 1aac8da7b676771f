"""Compares the stories of a simulation with the incidents that were detected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from pipeline.contracts.incidents import IncidentEvent
from pipeline.simulate.events import Story

_EARLY = timedelta(minutes=10)
_AFTER = timedelta(hours=2)


class StoryVerdict(Struct, frozen=True, kw_only=True):
    """A story with what came of it: when it was noticed first (of several incidents), and whether that may page."""

    story: Story
    noticed: datetime | None
    paged: bool
    incidents: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """A real story was noticed, or a distractor paged nobody."""
        return self.noticed is not None if self.story.incident else not self.paged


class StoryVerdicts(Struct, frozen=True, kw_only=True):
    """All stories, and the incidents that belong to none of them."""

    stories: tuple[StoryVerdict, ...]
    false_alarms: tuple[IncidentEvent, ...]


def compare(stories: Sequence[Story], events: Iterable[IncidentEvent]) -> StoryVerdicts:
    """Match openings of incidents to stories: same entity, opened from 10 minutes before to 2 hours after the story.

    An incident belongs to the latest story that fits, so that one cannot serve two.
    """
    opened = [event for event in events if event.event == "opened"]
    found: dict[str, list[IncidentEvent]] = {story.story: [] for story in stories}
    alone = []
    for event in opened:
        fitting = [
            story
            for story in stories
            if story.entity == event.entity.id and story.start - _EARLY <= event.at <= story.end + _AFTER
        ]
        if fitting:
            found[max(fitting, key=lambda story: story.start).story].append(event)
        else:
            alone.append(event)
    verdicts = tuple(_verdict(story, found[story.story]) for story in sorted(stories, key=lambda s: s.start))
    return StoryVerdicts(stories=verdicts, false_alarms=tuple(event for event in alone if event.pageable))


def _verdict(story: Story, events: list[IncidentEvent]) -> StoryVerdict:
    return StoryVerdict(
        story=story,
        noticed=min((event.at for event in events), default=None),
        paged=any(event.pageable for event in events),
        incidents=tuple(event.incident_id for event in events),
    )
