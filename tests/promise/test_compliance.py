"""The check of the promise: exact where it can be worked out by hand, and never broken by what nobody judged."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.evidence.budget import Promise, Team, promised
from pipeline.detect.evidence.thresholds import promised as thresholds
from pipeline.detect.stage import Detectors
from pipeline.promise.compliance import ReportedIncident, WatchedEntity, check, lowest_mean, sentence, tail
from pipeline.settings.detect import DetectSettings, TeamSettings

ACME = [WatchedEntity("a", "Acme", 3.0)]


def false(number: int, entity: str = "a") -> list[ReportedIncident]:
    return [ReportedIncident(entity, "false")] * number


def test_the_tail_of_poisson_by_hand() -> None:
    assert tail(0, 3.0) == 1.0
    assert tail(1, 0.6) == pytest.approx(1.0 - exp(-0.6))
    assert tail(2, 0.6) == pytest.approx(1.0 - 1.6 * exp(-0.6))
    assert tail(3, 0.0) == 0.0
    assert tail(30, 1.0) == pytest.approx(1.433e-33, rel=0.01)  # exp(-1)/30!: far below what 1 - x can show


def test_the_lowest_mean_is_the_end_of_garwoods_interval() -> None:
    assert lowest_mean(0) == 0.0
    assert lowest_mean(1) == pytest.approx(0.05129, abs=1e-5)  # -ln 0.95
    assert lowest_mean(10) == pytest.approx(5.4254, abs=1e-4)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.floats(0.01, 80.0))
def test_more_is_rarer_and_a_higher_promise_makes_it_commoner(count: int, mean: float) -> None:
    assert 0.0 <= tail(count + 1, mean) <= tail(count, mean) <= 1.0
    assert tail(count, mean) <= tail(count, mean * 1.1) + 1e-12
    assert tail(count, lowest_mean(count)) == pytest.approx(0.05, abs=1e-6)


def test_three_false_alarms_where_a_fifth_was_allowed_break_it() -> None:
    found = check(Promise(0.2), ACME, false(3), 90.0)
    assert found.whole.allowed == pytest.approx(0.6)
    assert found.whole.broken
    assert found.whole.chance == pytest.approx(tail(3, 0.6))
    assert found.whole.at_least == pytest.approx(lowest_mean(3) / 3.0)
    assert "3 false alarms reported in 90 days, 0.6 allowed: the world has left the model" in sentence(found.whole, 90)


def test_one_false_alarm_is_what_chance_brings() -> None:
    found = check(Promise(0.2), ACME, [*false(1), ReportedIncident("a", "real"), ReportedIncident("a", None)], 90.0)
    assert not found.broken
    assert (found.whole.reported, found.whole.judged, found.whole.unjudged) == (1, 2, 1)
    assert found.whole.likely == pytest.approx(1.5)
    assert "1 false alarm reported" in sentence(found.whole, 90)
    assert "kept, as far as verdicts show; 1 incidents have no verdict" in sentence(found.whole, 90)


def test_what_nobody_judged_breaks_nothing() -> None:
    found = check(Promise(0.2), ACME, [ReportedIncident("a", None)] * 50, 90.0)
    assert not found.broken
    assert "not known" in sentence(found.whole, 90)
    assert check(Promise(0.2), [], [], 90.0).broken == ()


def test_many_companies_are_not_broken_by_being_many() -> None:
    """Two false alarms break the promise of one company looked at, and not of one among a hundred."""
    many = [WatchedEntity(f"e{n}", f"E{n}", 1.0) for n in range(100)]
    alone = check(Promise(0.2), many[:1], false(2, "e0"), 30.0)
    among = check(Promise(0.2), many, false(2, "e0"), 30.0)
    assert [one.scope for one in alone.broken] == ["all", "entity"]
    assert among.broken == ()
    worst = check(Promise(0.2), many, false(5, "e7"), 30.0)
    assert [one.name for one in worst.broken] == ["E7"]  # the whole may have twenty


def test_a_team_is_promised_a_number_in_all() -> None:
    team = Team("north", frozenset({"a", "b"}), 1.0)
    promise = Promise(0.2, (team, Team("south", frozenset({"b"}), 0.1)))
    assert (promise.of("a"), promise.of("b"), promise.of("c")) == (0.5, 0.1, 0.2)
    watched = [WatchedEntity(name, name, 1.0) for name in "abc"]
    found = check(promise, watched, false(6), 30.0)
    north = next(one for one in found.results if one.name == "north")
    assert north.scope == "team"
    assert north.allowed == pytest.approx(0.6)
    assert north.broken
    south = next(one for one in found.results if one.name == "south")
    assert (south.reported, south.broken) == (0, False)


def test_settings_make_the_promise_and_the_promise_the_thresholds() -> None:
    team = TeamSettings(entities=("a", "b"), false_alarms=0.1)
    promise = promised(DetectSettings(false_alarms=0.5, teams={"north": team}))
    detectors = Detectors(promise)
    assert detectors.of("a") is detectors.of("b")
    assert detectors.of("a").thresholds == thresholds(0.05)
    assert detectors.of("c").thresholds == thresholds(0.5)
    assert Detectors(0.2).of("a").thresholds == thresholds(0.2)
