"""How large it will get."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.evidence.boosted import Forest
from pipeline.detect.incidents.forecast import PARTS, margin, outlook, shares, shipped

COUNTS = st.floats(0.0, 5_000.0)


def test_shares_of_even_mentions_are_the_parts_themselves() -> None:
    assert shares([5] * 40, 60.0, 0.0, 0.0, 2_400.0) == pytest.approx(PARTS)


def test_shares_know_what_came_just_now() -> None:
    recent = shares([10, 0, 0, 0, 0, 0, 0, 0, 0, 30], 60.0, 1_000.0, 1_000.0, 1_600.0)
    assert recent == pytest.approx((0.75, 0.75, 0.75, 0.75))


def test_shares_leave_out_what_came_before_the_beginning() -> None:
    assert shares([100, 100, 4, 4], 60.0, 0.0, 120.0, 240.0) == pytest.approx(PARTS)


def test_shares_of_a_span_in_progress_spread_over_what_has_passed_of_it() -> None:
    assert shares([10, 5], 60.0, 0.0, 0.0, 90.0)[2] == pytest.approx((5.0 + 10.0 * 15.0 / 60.0) / 15.0)


@given(st.lists(st.integers(0, 500), max_size=48), st.floats(0.0, 1e6), st.floats(-100.0, 1e6))
def test_shares_are_shares_and_rise(counts: list[int], start: float, age: float) -> None:
    found = shares(counts, 60.0, start, start, start + age)
    assert all(0.0 <= share <= 1.0 for share in found)
    assert list(found) == sorted(found)


@given(st.integers(1, 100_000), COUNTS, COUNTS, COUNTS, st.floats(0.0, 20_000.0))
def test_bounds_enclose_the_size_and_nothing_shrinks(
    seen: int, fast: float, middle: float, slow: float, minutes: float
) -> None:
    ahead = outlook(seen, fast, middle, slow, minutes)
    assert seen <= ahead.low <= ahead.size <= ahead.high
    assert ahead.size <= 150.0 * seen


def test_what_still_grows_is_foreseen_to_get_larger_than_what_has_stopped() -> None:
    growing = outlook(100, 40.0, 90.0, 98.0, 40.0, (0.5, 0.7, 0.9, 1.0))
    stopped = outlook(100, 0.0, 2.0, 70.0, 90.0, (0.0, 0.0, 0.02, 0.1))
    assert growing.size > 1.3 * stopped.size
    assert stopped.size < 130
    assert growing.doubling_minutes is not None
    assert growing.doubling_minutes < 30


def test_a_tree_asks_its_way_down() -> None:
    forest = Forest(
        1.0, 0.5, (0, 3), (1, 0, 0, 0, 0, 0), (2.0, 10.0, 20.0, 7.0, 1.0, 4.0), (1, 0, 0, 1, 0, 0), (2, 0, 0, 2, 0, 0)
    )
    assert forest.predict((0.0, 2.0)) == 1.0 + 0.5 * (10.0 + 1.0)
    assert forest.predict((8.0, 2.1)) == 1.0 + 0.5 * (20.0 + 4.0)


@pytest.mark.parametrize(("minutes", "by"), [(-3.0, 0.1), (0.0, 0.1), (19.9, 0.1), (20.0, 0.2), (1e5, 0.3)])
def test_the_interval_is_widened_by_age(minutes: float, by: float) -> None:
    assert margin(((0.0, 0.1), (20.0, 0.2), (45.0, 0.3)), minutes) == by


def test_the_shipped_model_names_the_command_that_makes_it() -> None:
    model = shipped()
    assert model.made_by.startswith("python -m benchmarks.detection.fit_forecast")
    assert set(model.forests) == {"low", "middle", "high"}
    assert [since for since, _ in model.margins] == sorted(since for since, _ in model.margins)
    assert all(abs(by) < 0.5 for _, by in model.margins)
