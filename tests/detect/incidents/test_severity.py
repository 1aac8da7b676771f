"""How bad it is."""

from __future__ import annotations

import pytest

from pipeline.detect.incidents.severity import severity


@pytest.mark.parametrize(("size", "level"), [(5, 0), (20, 1), (60, 2), (200, 3), (900, 4), (4_000, 5)])
def test_severity_grows_with_the_size_foreseen(size: float, level: int) -> None:
    assert severity(size, size, 10, None, 0.0, False) == level


def test_a_handful_with_a_wide_forecast_is_no_crisis_yet() -> None:
    assert severity(20.0, 110.0, 5, 5.0, 0.0, False) == 2


def test_fast_is_worse_and_little_against_every_day_is_less() -> None:
    assert severity(200, 200, 50, 8.0, 0.0, False) == 4
    assert severity(200, 200, 50, 60.0, 1_000.0, False) == 2
    assert severity(9_000, 9_000, 500, 5.0, 0.0, False) == 5


def test_coordinated_is_at_most_two() -> None:
    assert severity(4_000, 4_000, 500, 5.0, 0.0, True) == 2
