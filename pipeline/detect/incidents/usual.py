"""Negatives that were usual between two times, each hour at its own rate."""

from __future__ import annotations

from typing import Final

from pipeline.detect.evidence.baseline import Baseline, slot_of

HOUR: Final = 3600
LONGEST: Final = 7 * 86_400
"""Seconds beyond which the earlier hours are taken to be as usual as those after them."""


def usual(baseline: Baseline, since: int, until: int) -> float:
    """Negatives that the baseline, as it is now, foresees for the hours of that weekday or weekend.

    What is found late may have begun at another hour: the rate of the hour in progress says nothing about the night
    before.  Bounded: at most a week is gone through hour by hour.
    """
    if until <= since:
        return 0.0
    average = baseline.mu_negative / baseline.factor  # a second, over all hours
    begin = max(since, until - LONGEST)
    expected, at = 0.0, begin
    while at < until:
        end = min(at // HOUR * HOUR + HOUR, until)
        expected += average * baseline.factor_of(slot_of(at)) * float(end - at)
        at = end
    return expected * float(until - since) / float(until - begin)
