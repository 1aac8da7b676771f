"""The peers of the bench: they see bursts, use nothing later, and follow the rules that they are named after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.detection.peers import ears, gnip, hopping, huginn, socialmetrix, week
from benchmarks.detection.peers.stream import Peer, Seen, alarms, rolling
from benchmarks.detection.table import level_for

BINS = 44 * 144
COUNTING = [huginn.PEER, socialmetrix.PEER, week.PEER, gnip.PEER, ears.PEER, hopping.PEER]


def seen(counts: np.ndarray) -> Seen:
    """Bins without a stream behind them."""
    made: Any = Seen(None)  # type: ignore[arg-type]
    made.negative = made.deliveries = counts
    return made  # type: ignore[no-any-return]


def daily(seed: int = 1) -> np.ndarray:
    hours = np.arange(BINS) / 6.0
    return np.random.default_rng(seed).poisson(2.0 + np.sin(hours / 24.0 * 2.0 * np.pi)).astype(float)


@pytest.mark.parametrize("peer", COUNTING, ids=lambda peer: peer.name)
def test_a_burst_is_the_highest_score_of_the_month(peer: Peer) -> None:
    counts = daily()
    counts[32 * 144 : 32 * 144 + 18] += 300.0
    times, scored = peer.scores(seen(counts))
    assert 32.0 <= times[scored.argmax()] / 86_400.0 <= 40.0
    assert 32.0 <= alarms(peer, (times, scored), float(scored.max()))[0] / 86_400.0 <= 40.0


@pytest.mark.parametrize("peer", COUNTING, ids=lambda peer: peer.name)
def test_nothing_later_is_used(peer: Peer) -> None:
    counts = daily()
    later = counts.copy()
    later[30 * 144 :] *= 7.0
    times, scored = peer.scores(seen(counts))
    _, other = peer.scores(seen(later))
    before = times <= 30 * 86_400.0
    assert np.allclose(scored[before], other[before])


def test_huginn_tells_a_peak_once_it_falls() -> None:
    hours = np.tile([1.0, 2.0, 3.0, 2.0], 60)
    hours[200], hours[201] = 50.0, 20.0
    counts = np.repeat(hours / 6.0, 6)
    times, scored = huginn.scores(seen(counts))
    assert times[scored.argmax()] == 202 * 3_600.0
    mean, deviation = hours[:200].mean(), hours[:200].std()
    assert scored.max() == pytest.approx((50.0 - mean) / deviation)


def test_ears_leaves_out_two_days_before_the_day() -> None:
    days = np.array([24.0, 48, 24, 48, 24, 48, 24, 480, 480, 96])
    counts = np.repeat(days / 144.0, 144)
    _, scored = ears.scores(seen(counts))
    baseline = days[:7]
    assert scored[-1] == pytest.approx((96.0 - baseline.mean()) / baseline.std(ddof=1))


def test_gnip_knows_the_width_of_poissons_interval() -> None:
    assert gnip.width(0) == 0
    assert gnip.width(100) == 4 - 0  # 0 to 4 holds 99 % of a mean of 1
    assert gnip.width(1_000) == 19 - 3
    assert gnip.width(100_000) == round(2 * 2.5758 * 1_000**0.5)


def test_rolling_sums_grow_to_their_width() -> None:
    assert rolling(np.array([1.0, 2.0, 3.0, 4.0]), 2).tolist() == [1.0, 3.0, 5.0, 7.0]


def test_the_level_is_the_lowest_that_keeps_to_the_promise_and_stays() -> None:
    levels = np.array([1.0, 2.0, 3.0, 4.0])
    assert level_for([[9, 0, 1, 0], [9, 0, 1, 0]], levels) == (4.0, 0.0)
    assert level_for([[9, 1, 0, 0], [9, 1, 0, 0]], levels) == (3.0, 0.0)
    assert level_for([[0, 0, 0, 0]], levels) == (1.0, 0.0)
    assert level_for([[9, 9, 9, 9]], levels) == (4.0, 9.0)
