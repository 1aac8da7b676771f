"""What was usual between two times is what the baseline says for those hours."""

from __future__ import annotations

import random

import pytest

from pipeline.detect.evidence.baseline import Baseline, slot_of
from pipeline.detect.incidents.usual import usual

DAY, HOUR = 86_400, 3_600
MONDAY = 1_772_409_600
WEEKS = 4


def learned() -> tuple[Baseline, dict[int, float]]:
    """A company that is spoken of by day and on weekdays, and what was foreseen at every hour of the last week."""
    rng = random.Random(2)
    baseline = Baseline()
    baseline.begin(MONDAY)
    foreseen = {}
    for at in range(MONDAY, MONDAY + WEEKS * 7 * DAY, 600):
        if at >= baseline.bin_end:
            baseline.close(at, False)
        foreseen[at] = baseline.expected(at)
        assert slot_of(at) == baseline.slot
        daily = 12.0 if 8 <= at % DAY // HOUR < 20 else 1.0
        a_bin = daily * (0.3 if slot_of(at) >= 24 else 1.0)
        baseline.negative += 0.2 * a_bin * rng.uniform(0.9, 1.1)
        baseline.other += 0.8 * a_bin * rng.uniform(0.9, 1.1)
    return baseline, foreseen


@pytest.mark.parametrize("hours", [1, 3, 8, 16, 30, 72])
def test_it_agrees_with_what_was_foreseen_as_time_went_by(hours: int) -> None:
    """From the middle of a Sunday night back: the present rate alone would be off by a factor of up to thirty."""
    baseline, foreseen = learned()
    until = max(foreseen)
    since = until - hours * HOUR
    then = foreseen[until] - foreseen[since]
    assert usual(baseline, since, until) == pytest.approx(then, rel=0.2)


def test_the_rate_of_the_hour_in_progress_is_not_that_of_the_day_before() -> None:
    baseline, foreseen = learned()
    until = max(foreseen)
    assert usual(baseline, until - 12 * HOUR, until) > 2.0 * baseline.mu_negative * 12 * HOUR


def test_no_time_has_nothing_usual_and_a_year_is_bounded() -> None:
    baseline, foreseen = learned()
    until = max(foreseen)
    assert usual(baseline, until, until) == usual(baseline, until + 5, until) == 0.0
    week = usual(baseline, until - 7 * DAY, until)
    assert usual(baseline, until - 70 * DAY, until) == pytest.approx(10 * week)
