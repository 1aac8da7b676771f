"""NAB's rules against cases worked out by hand, and the volume test that is marked by them."""

from __future__ import annotations

from math import exp
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection import nab_rules as rules
from benchmarks.detection import report, volume
from benchmarks.detection.windowed_gaussian import windowed_gaussian

SERIES = rules.Series("one", np.arange(1000) * 300.0, np.zeros(1000), ((300, 399), (600, 649)))


def test_the_probation_is_fifteen_percent_of_at_most_five_thousand_rows() -> None:
    assert SERIES.probation == 150
    assert rules.Series("long", np.zeros(9000), np.zeros(9000), ()).probation == 750


def test_silence_is_zero_and_perfection_a_hundred() -> None:
    for profile in rules.PROFILES:
        assert rules.score([SERIES], [[]], profile) == pytest.approx(0.0)
        assert rules.score([SERIES], [[300, 600]], profile) == pytest.approx(100.0)


def test_a_case_by_hand() -> None:
    """A hit half-way (0.84828 / 0.98661), a second one in the window that adds nothing, and three false alarms."""
    half = (2.0 / (1.0 + exp(-2.5)) - 1.0) / (2.0 / (1.0 + exp(-5.0)) - 1.0)
    assert half == pytest.approx(0.85979, abs=1e-5)
    behind = 2.0 / (1.0 + exp(5.0 * 50 / 99)) - 1.0  # 50 rows after a window of 100: nearly, not quite -1
    assert behind == pytest.approx(-0.85178, abs=1e-4)
    alarms = [100, 200, 350, 380, 449, 999]  # probation; before any window; hit; again; after; far behind
    raw = half - 1.0 + 0.11 * (-1.0 + behind - 1.0)
    assert rules.raw_score(SERIES, alarms, rules.STANDARD) == pytest.approx(raw)
    assert rules.score([SERIES], [alarms], rules.STANDARD) == pytest.approx(100.0 * (raw + 2.0) / 4.0)
    low_fn = half - 2.0 + 0.11 * (-2.0 + behind)
    assert rules.score([SERIES], [alarms], rules.LOW_FN) == pytest.approx(100.0 * (low_fn + 4.0) / 6.0)


def test_the_edges_of_a_window_belong_to_it() -> None:
    last = rules.raw_score(SERIES, [399], rules.STANDARD)
    assert last == pytest.approx((2.0 / (1.0 + exp(-0.05)) - 1.0) / 0.9866143 - 1.0, abs=1e-6)
    assert rules.raw_score(SERIES, [400], rules.STANDARD) < -2.0


def test_files_are_read_with_their_windows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp,value\n2026-01-01 00:00:53,1\n2026-01-01 00:05:53,7\n")
    (tmp_path / "combined_windows.json").write_text(
        '{"some/a.csv": [["2026-01-01 00:00:53.000000", "2026-01-01 00:05:53.000000"]]}'
    )
    (series,) = rules.read(tmp_path)
    assert (series.name, list(series.counts), series.windows) == ("a", [1.0, 7.0], ((0, 1),))
    assert series.times[1] - series.times[0] == 300.0


def daily(days: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    times = 1_767_225_600.0 + np.arange(days * 288) * 300.0
    return times, rng.poisson(20.0 * (1.0 + 0.6 * np.sin(times / 86_400.0 * 2.0 * np.pi))).astype(float)


def test_a_burst_is_the_rarest_row_and_the_daily_wave_is_none() -> None:
    times, counts = daily(14)
    counts[3_000:3_003] = 150.0
    values = volume.evidence(times, counts)
    assert volume.alarms(values, times, 6.0) == [3_002]
    assert volume.evidence(times, counts, settle=volume.LEARN)[3_000] > 10.0
    assert values[: volume.LEARN].max() == 0.0


def test_nothing_later_is_used() -> None:
    times, counts = daily(6)
    whole = volume.evidence(times, counts)
    assert np.array_equal(volume.evidence(times[:900], counts[:900]), whole[:900])


def test_an_alarm_is_followed_by_silence() -> None:
    values, times = np.array([0.0, 9.0, 9.0, 0.0, 9.0]), np.arange(5) * 3_600.0
    assert volume.alarms(values, times, 5.0, silence=7_200.0) == [1, 4]


def test_the_windowed_gaussian_knows_a_jump() -> None:
    counts = np.array([1.0, 2.0, 3.0] * 50 + [50.0])
    assert windowed_gaussian(counts)[100:].argmax() == 50


def test_a_part_of_the_page_is_replaced_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- /x -->\nb\n")
    report.write("x", "new\n", page)
    assert page.read_text() == "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"
    with pytest.raises(ValueError, match="has no part"):
        report.write("y", "", page)
