"""Cards of incidents on the page: the event, a chart of its company, a person's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.values import IncidentKind
from pipeline.index.protocol import Index, Query
from pipeline.promise.verdicts import GivenVerdict
from pipeline.text.incident_words import DOUBT_WORDS, KIND_WORDS, REASON_WORDS, SEVERITY_WORDS
from pipeline.web.chart import Chart, chart, course, step_for

MEANINGS: dict[IncidentKind, str] = {
    "pile_on": "many answer one post",
    "surge": "many more negative posts than usual",
    "groundswell": "negative posts grow over days",
    "amplification": "one negative post is passed on by many",
}
READ_AS = (
    "a note for the record",
    "a handful of upset people: answer them",
    "worth a look today",
    "someone should act now",
    "press office and the product's owner",
    "a crisis",
)
"""What a severity means to a person, as docs/detection.md has it."""

BARS = 48
MARGIN = timedelta(minutes=20)
"""Shown after the newest event while an incident is open: the next update may take a quarter of an hour."""

SHORTEST = 600.0
"""Seconds over which an incident's expected mentions are spread at least: the very first event has no length yet."""


@dataclass(frozen=True, slots=True)
class Card:
    """One incident on the page."""

    event: IncidentEvent
    chart: Chart
    verdict: GivenVerdict | None

    @property
    def open(self) -> bool:
        return self.event.event != "resolved"

    @property
    def kind(self) -> str:
        return KIND_WORDS[self.event.kind].capitalize()

    @property
    def meaning(self) -> str:
        return MEANINGS[self.event.kind]

    @property
    def severity(self) -> str:
        return SEVERITY_WORDS[self.event.severity]

    @property
    def read_as(self) -> str:
        """What the severity asks of a person."""
        return READ_AS[self.event.severity]

    @property
    def reasons(self) -> str:
        """Why it looks coordinated."""
        return ", ".join(REASON_WORDS[reason] for reason in self.event.reasons)

    @property
    def doubt(self) -> str:
        """What it may be, where no larger share complains than usual."""
        return "" if self.event.doubt is None else DOUBT_WORDS[self.event.doubt]

    @property
    def times(self) -> float | None:
        """How many times as many mentions as expected; None where hardly any were, and the ratio says nothing."""
        expected = self.event.counts.expected
        return self.event.counts.mentions / expected if expected >= 1.0 else None

    @property
    def over(self) -> datetime:
        """When it was over, or the newest event."""
        return self.event.resolved_at or self.event.at


async def card(event: IncidentEvent, index: Index, verdicts: Mapping[str, GivenVerdict]) -> Card:
    """An incident with the mentions of its company from well before it until now.

    The event's own series where it has one, since that knows what was expected when; else the index is asked.
    """
    if event.series is not None and event.series.mentions:
        return Card(event, course(event.series, event.opened_at.timestamp()), verdicts.get(event.incident_id))
    opened = event.opened_at
    lasted = max(timedelta(minutes=30), event.at - opened)
    since, until = earlier(opened, lasted), later(event.at, MARGIN if event.event != "resolved" else lasted / 2)
    seconds = step_for((until - since).total_seconds(), BARS)
    volumes = await index.volume(Query(entity=event.entity.id, since=since, until=until), seconds)
    expected = event.counts.expected * seconds / max(SHORTEST, (event.at - opened).total_seconds())
    drawn = chart(
        volumes, since.timestamp(), until.timestamp() - 1.0, seconds, expected=expected, opened=opened.timestamp()
    )
    return Card(event, drawn, verdicts.get(event.incident_id))


def earlier(when: datetime, by: timedelta) -> datetime:
    """A time before, without falling off the calendar: events may carry any date."""
    return when - by if when - datetime.min.replace(tzinfo=UTC) > by else when


def later(when: datetime, by: timedelta) -> datetime:
    """A time after, without falling off the calendar."""
    return when + by if datetime.max.replace(tzinfo=UTC) - when > by else when
