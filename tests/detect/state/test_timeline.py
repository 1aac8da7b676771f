"""Expected against seen over time: nothing lost, never more than 48 spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.stage import run
from pipeline.detect.state.timeline import NARROWEST, SPANS, Timeline, begun
from tests.detect.streams import pile_on, quiet, together

START = 1_772_460_000
A_SECOND = 0.001
AT = 3 * 86_400 + 50_000.0


def usual(since: int, until: int) -> float:
    """Negatives foreseen at an even rate."""
    return A_SECOND * (until - since)


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), max_size=120))
def test_every_mention_and_everything_expected_is_in_a_span(gaps: list[tuple[int, bool]]) -> None:
    course, t = Timeline(START, at=START), START
    for gap, complains in gaps:
        t += gap
        course.advance(t, A_SECOND * (t - START))
        course.add(t, complains)
    series = course.series(t, A_SECOND * (t - START))
    assert sum(series.mentions) == len(gaps)
    assert sum(series.negative) == sum(complains for _, complains in gaps)
    assert sum(series.expected) == pytest.approx(A_SECOND * (t - START), abs=0.03)
    assert len(series.mentions) == len(series.negative) == len(series.expected) <= SPANS
    assert series.seconds % NARROWEST == 0
    assert len(series.mentions) * series.seconds > t - START


def test_showing_it_changes_nothing_and_silence_is_shown() -> None:
    course = Timeline(START, at=START)
    course.add(START + 30, True)
    before = (course.at, list(course.mentions), course.width)
    series = course.series(START + 600, 0.6)
    assert series.mentions == (1, *[0] * 10)
    assert (course.at, course.mentions, course.width) == before
    long = course.series(START + 90_000, 90.0)
    assert len(long.mentions) <= SPANS
    assert sum(long.expected) == pytest.approx(90.0, abs=0.01)


def test_it_begins_before_the_incident_and_knows_what_is_not_known() -> None:
    assert begun(START, START + 600, 0, usual, 5.0).start <= START - 1_800
    busy = begun(START, START + 600, START + 300, usual, 5.0)
    assert START + 240 <= busy.start <= START + 300
    assert begun(START, START + 5 * 86_400, 0, usual, 900.0).width > 3_600


def test_what_was_expected_before_it_was_found_follows_the_hours() -> None:
    """Nothing was due until four hours ago, and a complaint a minute since."""
    now = START // 3600 * 3600

    def lately(since: int, until: int) -> float:
        return max(0, until - max(since, now - 4 * 3600)) / 60.0

    series = begun(now - 8 * 3600, now, 0, lately, 1_000.0).series(now, 1_000.0)
    due = {series.start.timestamp() + n * series.seconds: value for n, value in enumerate(series.expected)}
    assert sum(value for at, value in due.items() if at + series.seconds <= now - 4 * 3600) == 0.0
    assert sum(due.values()) == pytest.approx(240.0, abs=0.1)


def test_a_deleted_mention_is_taken_out() -> None:
    course = Timeline(START, at=START)
    course.add(START + 90, True)
    course.retract(START + 60, True)
    course.retract(START + 60, True)
    course.retract(START - 60, True)
    assert (course.mentions, course.negative) == ([0, 0], [0, 0])


def test_an_event_shows_what_was_heard_around_it() -> None:
    mentions = together(quiet(4), pile_on(AT))
    first, *_, last = run(mentions)
    for event in (first, last):
        series = event.series
        assert series is not None
        assert series.start < event.opened_at
        begin = series.start.timestamp()
        end = begin + series.seconds * len(series.mentions)
        # what ends an incident is not part of it
        inbound = [
            m
            for m in mentions
            if begin <= m.created_at.timestamp() < end
            and m.ingested_at is not None
            and (m.ingested_at < event.at or (m.ingested_at == event.at and event is first))
        ]
        assert sum(series.mentions) == len(inbound)
        assert sum(series.negative) == sum(m.sentiment.negative >= 0.5 for m in inbound)
        assert 0.0 < sum(series.expected) < 10.0
