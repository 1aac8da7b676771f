"""How bad it is."""

from __future__ import annotations

import pytest

from pipeline.detect.incidents.severity import FEW, severity


@pytest.mark.parametrize(("size", "level"), [(5, 0), (20, 1), (60, 2), (200, 3), (900, 4), (4_000, 5)])
def test_severity_grows_with_the_size_foreseen(size: float, level: int) -> None:
    assert severity(size, size, FEW, None, 0.0, False) == level


def test_a_handful_with_a_wide_forecast_is_no_crisis_yet() -> None:
    """What the forecast sees in five posts of any crowd is 57; half of all real threads stay below 15."""
    assert severity(20.0, 110.0, 5, 5.0, 0.0, False) == 0
    assert severity(30.0, 600.0, 5, 5.0, 0.0, False) == 1
    assert severity(30.0, 600.0, FEW, 15.0, 0.0, False) == 3


def test_no_severity_foresees_less_than_is_there() -> None:
    levels = [severity(seen, seen, seen, None, 0.0, False) for seen in range(1, 2_000)]
    assert levels == sorted(levels)
    assert levels[FEW - 1] == 1


def test_fast_is_worse_and_little_against_every_day_is_less() -> None:
    assert severity(200, 200, 50, 8.0, 0.0, False) == 4
    assert severity(200, 200, 50, 60.0, 1_000.0, False) == 2
    assert severity(9_000, 9_000, 500, 5.0, 0.0, False) == 5


def test_coordinated_is_at_most_two() -> None:
    assert severity(4_000, 4_000, 500, 5.0, 0.0, True) == 2
