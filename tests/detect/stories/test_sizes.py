"""Entities of every size and age: new ones, ones that are hardly ever spoken of, and ones that never rest."""

from __future__ import annotations

import random
from math import exp, pi, sin

from benchmarks.detection import busy
from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.stage import run
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from tests.detect.streams import MONDAY, chatter, mention, pile_on, quiet, together

DAY = 86_400.0


def opened(events: list[IncidentEvent]) -> list[IncidentEvent]:
    return [event for event in events if event.event == "opened"]


def test_the_first_days_of_a_new_entity_tell_nothing() -> None:
    for seed in range(25):
        assert not opened(list(run(quiet(2.0, a_day=150.0, seed=seed)))), seed


def test_a_day_old_entity_is_guarded_and_says_that_it_is_learning() -> None:
    events = list(run(together(quiet(2.0), pile_on(DAY))))
    first = opened(events)[0]
    assert first.kind == "pile_on"
    assert first.counts.mentions <= 30
    assert "learning" in first.explanation.summary


def test_a_pile_on_in_the_first_hour_needs_more_than_one_later() -> None:
    detector, state = Detector(), EntityState()
    inbound = iter(together(quiet(1.0), pile_on(1_800.0)))
    young = next(event for m in inbound for event in detector.observe(state, m) if event.event == "opened")
    settled = opened(list(run(together(quiet(6.0), pile_on(5 * DAY)))))[0]
    assert young.test is not None
    assert young.test.threshold > 1.3 * (
        detector.thresholds.pile_on + state.baseline.busy
    )  # what its threads need later
    assert young.counts.mentions > settled.counts.mentions


def test_one_mention_a_week_is_enough_to_know_a_snowball() -> None:
    rng = random.Random(3)
    seldom = [mention(f"seldom-{week}", week * 7 * DAY, 0.1, chatter(rng)) for week in range(20)]
    complaints = [mention(f"upset-{k}", 140 * DAY + 600.0 * k, 0.9, chatter(rng)) for k in range(12)]
    assert not opened(list(run(seldom)))
    events = opened(list(run(together(seldom, complaints))))
    assert len(events) == 1
    assert events[0].counts.negative <= 11


def test_an_entity_that_is_spoken_of_every_second() -> None:
    """Its rate wanders by a fifth from hour to hour and its mood with it, which is a great many mentions; a thread that
    runs away is told all the same.  The state is no larger than that of others."""
    rng = random.Random(4)
    detector, state, events = Detector(0.2), EntityState(), list[IncidentEvent]()
    snowball = iter(pile_on(14 * 3_600.0, answers=200, minutes=40.0))
    following = next(snowball, None)
    at, number, hour, pace, share = 0.0, 0, -1, 0.0, 0.0
    while at < 14.7 * 3_600.0:
        if at // 3_600.0 != hour:
            hour = int(at // 3_600.0)
            pace = (1.0 + 0.4 * sin(at / DAY * 2 * pi)) * exp(rng.gauss(0.0, 0.2))
            share = 0.15 * exp(rng.gauss(0.0, 0.2))
        at += rng.expovariate(pace)
        number += 1
        while following is not None and (following.created_at - MONDAY).total_seconds() < at:
            events.extend(detector.observe(state, following))
            following = next(snowball, None)
        root = f"bluesky:busy-{number - rng.randrange(1, 400)}" if rng.random() < 0.3 else None
        negative = 0.9 if rng.random() < share else 0.05
        kind = "reply" if root else "post"
        m = mention(f"busy-{number}", at, negative, f"acme {number}", root=root, parent=root, kind=kind)
        events.extend(detector.observe(state, m))
    first = opened(events)
    assert [event.incident_id for event in first] == ["acme:pile_on:bluesky:root"]
    assert first[0].counts.mentions <= 40
    assert len(EntityCodec().encode(state)) <= 10_000


def test_an_entity_with_a_hundred_mentions_a_second() -> None:
    """Steady, it tells nothing; a snowball on top is told; and its state is no larger than that of others."""
    for answers in (0, 400):
        detector = Detector(0.2)
        state = busy.known(detector, 100.0)
        events = [event for m in busy.stream(100.0, 300.0, answers) for event in detector.observe(state, m)]
        assert [event.incident_id for event in opened(events)] == ["busy:pile_on:s:0"] * (answers > 0)
        assert len(EntityCodec().encode(state)) <= 10_000
