"""A company's own false-alarm rate: counted in whole weeks, with an honest interval, and never acted upon."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from math import exp

import msgspec
import pytest

from pipeline.backtest.detection import Episode, Outcome
from pipeline.backtest.own_rate import FEWEST, LEARNED, WEEK, at_most, interval, own_rates, poisson_bounds
from pipeline.backtest.report import standing
from pipeline.backtest.spool import CompanyHistory
from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.evidence import thresholds
from pipeline.detect.evidence.budget import MONTH, Promise, Team
from pipeline.simulate.events import Story
from tests.support.messages import incident

START = datetime(2026, 1, 5, tzinfo=UTC)


def company(weeks: float) -> CompanyHistory:
    first = START.timestamp()
    return CompanyHistory(id="acme", name="Acme", mentions=100, first=first, last=first + LEARNED + weeks * WEEK)


def outcome(promise: float, weeks_of_pages: list[float], teams: tuple[Team, ...] = ()) -> Outcome:
    """A run that would have paged so many weeks after the first that is judged."""
    episodes = {}
    for number, week in enumerate(weeks_of_pages):
        at = START + timedelta(seconds=LEARNED + week * WEEK)
        event: IncidentEvent = msgspec.structs.replace(
            incident(), at=at, incident_id=f"acme:{number}",
            entity=msgspec.structs.replace(incident().entity, id="acme"),
        )  # fmt: skip
        episodes[event.incident_id] = Episode(event, event, event, event)
    return Outcome(Promise(promise, teams), [], episodes)


def runs(**pages: list[float]) -> dict[float, Outcome]:
    return {float(promise.replace("p", "0.")): outcome(float(promise.replace("p", "0.")), at)
            for promise, at in pages.items()}  # fmt: skip


def test_poisson_bounds_are_exact() -> None:
    for count in (0, 1, 4, 30):
        low, high = poisson_bounds(count)
        assert at_most(count, high) == pytest.approx(0.05, abs=1e-6)
        if count:
            assert 1.0 - at_most(count - 1, low) == pytest.approx(0.05, abs=1e-6)
    assert at_most(0, 2.0) == pytest.approx(exp(-2.0))


@pytest.mark.parametrize("clustered", [False, True])
def test_the_interval_holds_as_often_as_it_says(clustered: bool) -> None:
    """Half a page a week on average, evenly or three at a time: 300 histories of half a year."""
    rng, held = random.Random(5), 0
    for _ in range(300):
        weekly = [3 * (rng.random() < 1 / 6) if clustered else int(rng.random() < 0.5) for _ in range(26)]
        found = interval(weekly)
        held += found.low <= 0.5 * MONTH / WEEK <= found.high
    assert held >= 0.85 * 300


def test_a_short_history_says_so_and_gives_no_rate() -> None:
    for weeks in (-0.9, 0.0, FEWEST - 0.1):
        (own,) = own_rates([company(weeks)], runs(p2=[]), 0.2)
        assert (own.standing, own.observed, own.suggested) == ("too_short", None, None)
        assert "too short" in standing(own)


def test_no_page_in_few_weeks_proves_nothing() -> None:
    (own,) = own_rates([company(8)], runs(p2=[], p5=[]), 0.2)
    assert own.standing == "as_promised"
    assert own.observed is not None
    assert own.observed.high > 0.2
    assert own.suggested is None
    assert f"{own.needed} weeks without a page" in standing(own)
    (long,) = own_rates([company(own.needed + 1)], runs(p2=[], p5=[]), 0.2)
    assert (long.standing, long.suggested) == ("fewer", 0.5)


def test_too_many_pages_suggest_a_stricter_promise_with_its_thresholds() -> None:
    found = runs(p05=[3.5, 20.2], p2=[n + 0.3 for n in range(0, 40, 3)], p5=[n + 0.3 for n in range(40)])
    (own,) = own_rates([company(60)], found, 0.2)
    assert own.standing == "more"
    assert own.suggested == 0.05
    assert own.thresholds == thresholds.promised(0.05)
    assert "detect.false_alarms = 0.05" in standing(own)
    assert own.pages == 14
    (none,) = own_rates([company(60)], {0.2: found[0.2]}, 0.2)
    assert none.suggested is None
    assert "at every promise compared" in standing(none)


def test_with_labels_weeks_with_a_real_story_are_left_out() -> None:
    at = START + timedelta(seconds=LEARNED + 2.1 * WEEK)
    story = Story(story="s", kind="cascade", incident=True, entity="acme", start=at, end=at + timedelta(hours=5),
                  half=at, size=50, negative=40, authors=40)  # fmt: skip
    other = msgspec.structs.replace(story, entity="other", start=START, end=START + timedelta(days=90))
    (own,) = own_rates([company(10)], runs(p2=[2.2, 5.5]), 0.2, [story, other])
    assert (own.weeks, own.pages) == (9, 1)
    (all_of_it,) = own_rates([company(10)], runs(p2=[2.2, 5.5]), 0.2)
    assert (all_of_it.weeks, all_of_it.pages) == (10, 2)


def test_a_page_outside_of_whole_weeks_counts_nowhere() -> None:
    (own,) = own_rates([company(4.5)], runs(p2=[-0.5, 4.2, 1.0]), 0.2)
    assert (own.weeks, own.pages) == (4, 1)


def test_the_promise_of_its_team_is_the_one_that_is_judged() -> None:
    teams = (Team("press", frozenset({"acme", "bolt"}), 0.1),)
    (own,) = own_rates([company(10)], {0.2: outcome(0.2, [], teams)}, 0.2)
    assert own.promise == 0.05
