"""Incidents are matched to the stories that they are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.contracts.incidents import Counts, Explanation, IncidentEvent, Share, TestResult
from pipeline.contracts.mentions import EntityRef
from pipeline.simulate.events import Story
from pipeline.simulate.limits import StoryKind
from pipeline.simulate.verdicts import compare

START = datetime(2026, 1, 10, 12, tzinfo=UTC)


def story(name: str, kind: StoryKind, entity: str, start: datetime = START) -> Story:
    return Story(
        story=name, kind=kind, incident=kind == "cascade", entity=entity, start=start, end=start + timedelta(hours=3),
        half=start + timedelta(hours=1), size=100, negative=90, authors=80,
    )  # fmt: skip


def opening(name: str, entity: str, at: datetime, *, pageable: bool = True, event: str = "opened") -> IncidentEvent:
    return IncidentEvent(
        incident_id=name, entity=EntityRef(entity, entity), kind="surge", event=event, at=at, severity=1,  # type: ignore[arg-type]
        pageable=pageable, opened_at=at, counts=Counts(1, 1, 1, 0.1), share=Share(0.1, 0.9),
        explanation=Explanation(summary=""), test=TestResult("rate", 1.0, 1.0, 0.2),
    )  # fmt: skip


def test_noticed_missed_and_false() -> None:
    stories = [story("a", "cascade", "x"), story("b", "cascade", "y"), story("c", "promotion", "z")]
    at = START + timedelta(minutes=30)
    found = compare(
        stories, [opening("i1", "x", at), opening("i2", "x", at + timedelta(hours=9)), opening("i3", "z", at)]
    )
    by = {verdict.story.story: verdict for verdict in found.stories}
    assert by["a"].noticed == at
    assert by["a"].right
    assert by["b"].noticed is None
    assert not by["b"].right
    assert by["c"].paged
    assert not by["c"].right
    assert [event.incident_id for event in found.false_alarms] == ["i2"]


def test_a_distractor_that_is_noticed_but_not_paged_is_right() -> None:
    found = compare([story("g", "brigade", "x")], [opening("i", "x", START + timedelta(hours=1), pageable=False)])
    assert found.stories[0].right
    assert found.stories[0].incidents == ("i",)
    assert not found.false_alarms


def test_an_incident_serves_the_latest_story_that_fits_and_updates_do_not_count() -> None:
    later = START + timedelta(hours=4)
    stories = [story("old", "cascade", "x"), story("new", "cascade", "x", later)]
    at = later + timedelta(minutes=5)
    found = compare(stories, [opening("u", "x", START, event="updated"), opening("i", "x", at)])
    assert [verdict.noticed for verdict in found.stories] == [None, at]
