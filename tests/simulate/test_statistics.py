"""Rates, dispersion, branching and stories are as documented."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.simulate.background import DAY, Background, Profile, draw_profile, season
from pipeline.simulate.cascades import LARGEST, SMALLEST, cascade, draw_shape, grow, grow_to_size
from pipeline.simulate.events import REPOST, Order
from pipeline.simulate.stories import brigade, groundswell, news_surge, promotion, repost_flood
from pipeline.simulate.streams import EPOCH

STEADY = Profile(
    level=2_400.0, peak_hour=14.0, amplitude=0.6, weekend=0.7, dispersion=10.0, drift=0.0, negative=0.2, positive=0.25,
    thread=0.3,
)  # fmt: skip


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def days_of(profile: Profile, days: int) -> np.ndarray:
    background = Background(0, profile, rng())
    return np.concatenate([background.day(EPOCH + day * DAY) for day in range(days)])


def test_the_season_has_mean_one_and_a_peak_at_its_hour() -> None:
    factors = season(STEADY, EPOCH + np.arange(0.0, 7 * DAY, 600.0))
    assert factors.mean() == pytest.approx(1.0, abs=1e-6)
    monday = EPOCH - 3 * DAY + 7 * DAY + np.arange(0.0, DAY, 3_600.0)
    assert np.argmax(season(STEADY, monday)) == 14


def test_the_weekend_is_quieter() -> None:
    saturday, monday = EPOCH + 2 * DAY, EPOCH + 4 * DAY
    hours = np.arange(0.0, DAY, 600.0)
    assert season(STEADY, saturday + hours).sum() / season(STEADY, monday + hours).sum() == pytest.approx(0.7)


def test_the_level_is_posts_a_day_answers_included() -> None:
    events = days_of(STEADY, 28)
    assert len(events) / 28 == pytest.approx(STEADY.level, rel=0.06)


def test_hourly_counts_of_threads_are_over_dispersed_as_stated() -> None:
    flat = replace(STEADY, amplitude=0.0, weekend=1.0)
    events = days_of(flat, 120)
    roots = events[events["parent"] == -1]
    counts = np.bincount(((roots["created"] - EPOCH) // 3_600).astype(int), minlength=120 * 24)
    mean = counts.mean()
    assert mean == pytest.approx(70.0, rel=0.05)
    assert counts.var() == pytest.approx(mean + mean**2 / 10.0, rel=0.15)


def test_threads_are_sub_critical_with_the_stated_mean() -> None:
    events = days_of(STEADY, 20)
    assert np.mean(events["parent"] >= 0) == pytest.approx(0.3, abs=0.02)


def test_shares_are_those_of_the_profile() -> None:
    events = days_of(STEADY, 40)
    assert np.mean(events["polarity"] == -1) == pytest.approx(0.2, abs=0.03)
    assert np.mean(events["polarity"] == 1) == pytest.approx(0.25, abs=0.03)


def test_the_rate_drifts_to_the_stated_spread() -> None:
    """An AR(1) with factor 0.93 a day and steps of 0.06 has a standard deviation of 0.163 in the long run."""
    profile = replace(STEADY, level=600.0, amplitude=0.0, weekend=1.0, dispersion=1_000.0, drift=0.06)
    levels = []
    for seed in range(60):
        background = Background(0, profile, rng(seed))
        levels.append([len(background.day(EPOCH + day * DAY)) for day in range(40)][-1])
    assert np.log(levels).std() == pytest.approx(0.163, rel=0.35)


def test_profiles_are_plausible() -> None:
    generator = rng()
    profiles = [draw_profile(generator) for _ in range(400)]
    assert 180.0 < np.median([p.level for p in profiles]) < 330.0
    assert all(p.thread < 0.5 and 0.0 < p.negative < 0.35 for p in profiles)


@pytest.mark.parametrize("branching", [0.6, 0.8, 1.0, 1.3])
def test_undamped_posts_have_the_stated_mean_of_children(branching: float) -> None:
    generator, target = rng(7), 1_500
    children, posts = 0, 0
    for _ in range(120):
        tree = grow(generator, branching, target, 600.0)
        early = min(len(tree.times), int(0.6 * target))
        children += int(((tree.causes > 0) & (tree.causes < early)).sum())  # the first post is given a start
        posts += early - 1
    assert posts > 20_000
    assert children / posts == pytest.approx(branching, rel=0.06)


@pytest.mark.parametrize(("branching", "target"), [(0.6, 26), (0.6, 4_000), (0.95, 120), (1.3, 26), (1.3, 4_000)])
def test_cascades_come_near_their_target(branching: float, target: int) -> None:
    generator = rng(3)
    sizes = [len(grow_to_size(generator, branching, target, 600.0).times) for _ in range(20)]
    assert all(SMALLEST <= size <= LARGEST for size in sizes)
    assert np.median(sizes) == pytest.approx(target, rel=0.4)


def test_a_cascade_is_negative_by_many_people_and_ordered() -> None:
    generator = rng(4)
    order = Order("cascade", 0, EPOCH, 0, size=500)
    events = cascade(generator, order, STEADY, draw_shape(generator, order))
    assert np.all(np.diff(events["created"]) >= 0.0)
    assert np.mean(events["polarity"] == -1) > 0.75
    assert len(np.unique(events["author"])) > 0.75 * len(events)
    assert events["created"][0] == EPOCH


def test_drawn_shapes_are_in_range() -> None:
    generator = rng()
    shapes = [draw_shape(generator, Order("cascade", 0, 0.0, 0)) for _ in range(300)]
    assert all(0.6 <= s.branching <= 1.3 and 20 <= s.target <= 4_000 for s in shapes)
    assert any(s.target < 60 for s in shapes)
    assert any(s.target > 1_000 for s in shapes)


def test_a_groundswell_rises_over_three_to_seven_days() -> None:
    for seed in range(20):
        events = groundswell(rng(seed), Order("groundswell", 0, EPOCH, 0), STEADY)
        times = events["created"] - EPOCH
        assert times.max() <= 7 * DAY
        assert (times > times.max() / 2.0).mean() > 0.6
        assert np.mean(events["polarity"] == -1) > 0.85


def test_distractors_are_what_they_are_called() -> None:
    flood = repost_flood(rng(), Order("repost_flood", 0, EPOCH, 0), STEADY)
    assert np.all(flood["polarity"] == 0)
    assert np.all(flood["kind"][1:] == REPOST)
    campaign = promotion(rng(), Order("promotion", 0, EPOCH, 0), STEADY)
    assert np.mean(campaign["polarity"] == -1) < STEADY.negative
    news = news_surge(rng(), Order("news_surge", 0, EPOCH, 0, size=2_000), STEADY)
    assert np.mean(news["polarity"] == -1) == pytest.approx(STEADY.negative, abs=0.03)
    gang = brigade(rng(), Order("brigade", 0, EPOCH, 0, size=300), STEADY)
    assert len(np.unique(gang["author"])) <= 25
    assert len(np.unique(gang["text"])) <= 6
    assert np.all(gang["polarity"] == -1)
