"""Stories that read like the real thing: what must be told, how soon, how gravely, and what must not.

Two tests a story.  The first says what a person would expect and holds for any good detector.  The second compares with
the record of what this one told last (`golden/`); when a change of the detector moves it, look at the difference, and
if it is for the better, write it anew: ``python -m tests.detect.stories.record``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pytest

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.stage import run
from tests.detect.stories import stories
from tests.detect.stories.record import FOLDER, minutes, recorded
from tests.detect.stories.script import Mentions

ANY = 10**9


class Expected(NamedTuple):
    """The first incident that pages: its kind, and within how many minutes of the beginning; the severity that it
    reaches; how many incidents there may be in all."""

    kind: str
    within: float
    severity: tuple[int, int]
    incidents: int = 1


EXPECTED: dict[Callable[[], Mentions], Expected] = {
    stories.pile_on_of_thirty: Expected("pile_on", 12, (1, 3)),
    stories.outage: Expected("surge", 1, (5, 5)),
    stories.two_stories_at_once: Expected("pile_on", 15, (2, 4)),
    stories.late_and_repeated: Expected("pile_on", 16, (1, 3)),
    stories.tiny_brand: Expected("surge", 90, (0, 2)),
}
SILENT = (stories.promotion, stories.in_the_news, stories.repost_flood)


@cache
def reported(story: Callable[[], Mentions]) -> tuple[IncidentEvent, ...]:
    return tuple(run(story()))


def opened(story: Callable[[], Mentions]) -> list[IncidentEvent]:
    return [event for event in reported(story) if event.event == "opened"]


@pytest.mark.parametrize("story", EXPECTED, ids=lambda story: story.__name__)
def test_what_must_be_told_is_told_in_time(story: Callable[[], Mentions]) -> None:
    expected, openings = EXPECTED[story], opened(story)
    assert 1 <= len(openings) <= expected.incidents
    first = openings[0]
    assert first.kind == expected.kind
    assert first.pageable
    assert 0.0 <= minutes(first) <= expected.within
    worst = max(event.severity for event in reported(story))
    assert expected.severity[0] <= worst <= expected.severity[1]
    assert first.entity.name in first.explanation.summary


@pytest.mark.parametrize("story", SILENT, ids=lambda story: story.__name__)
def test_what_only_looks_like_it_is_not_told(story: Callable[[], Mentions]) -> None:
    assert reported(story) == ()


def test_a_groundswell_is_told_within_days_and_not_by_the_hour() -> None:
    openings = opened(stories.slow_groundswell)
    slow = [event for event in openings if event.kind == "groundswell"]
    assert len(slow) == 1
    assert minutes(slow[0]) <= 4 * 1_440
    assert len(openings) <= 2
    first, second = [event for event in reported(stories.slow_groundswell) if event.kind == "groundswell"][:2]
    assert second.event == "escalated"
    assert minutes(second) - minutes(first) <= 6.1 * 60  # what it is about shows a block after the opening
    assert any("taste" in phrase.text or "oat bars" in phrase.text for phrase in second.explanation.phrases)


def test_a_brigade_is_seen_through_and_kept_from_the_pager() -> None:
    events = reported(stories.brigade)
    assert {event.incident_id for event in events} == {events[0].incident_id}
    large = [event for event in events if event.counts.mentions >= 40]
    assert large
    assert all(event.coordinated and not event.pageable and event.severity <= 2 for event in large)


def test_one_text_from_five_hundred_accounts_pages_nobody() -> None:
    events = reported(stories.one_text_five_hundred_times)
    assert not any(event.pageable for event in events)
    assert all(event.coordinated for event in events)


def test_an_outage_is_one_incident_that_ends() -> None:
    events = reported(stories.outage)
    assert events[-1].event == "resolved"
    assert events[-1].counts.mentions > 10_000


def test_two_stories_at_once_are_one_incident_that_tells_them_apart() -> None:
    last = reported(stories.two_stories_at_once)[-1]
    assert last.counts.mentions >= 110
    words = [" ".join(phrase.text for phrase in one.phrases) for one in last.explanation.narratives]
    fees = [text for text in words if "fee" in text]
    login = [text for text in words if any(word in text for word in ("login", "app", "locked"))]
    assert fees
    assert login
    assert not set(fees) & set(login)


def test_a_stuttering_source_tells_the_same_incident() -> None:
    plain, stuttered = reported(stories.pile_on_of_thirty), reported(stories.late_and_repeated)
    assert {event.incident_id for event in stuttered} == {event.incident_id for event in plain}
    assert stuttered[-1].event == "resolved"
    assert stuttered[-1].counts.mentions <= plain[-1].counts.mentions


@pytest.mark.parametrize("story", stories.STORIES, ids=lambda story: story.__name__)
def test_the_record_is_kept(story: Callable[[], Mentions]) -> None:
    kept = (FOLDER / f"{story.__name__}.jsonl").read_bytes()
    assert recorded(reported(story)) == kept, (
        "told otherwise than recorded: python -m tests.detect.stories.record, and read the difference"
    )
