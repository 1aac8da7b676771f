"""Spans of time as a person says them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A span of seconds as a person says it: `5 minutes`, `1 h 40 min`, `3 days`.

    >>> [duration(seconds) for seconds in (300, 6_000, 300_000)]
    ['5 minutes', '1 h 40 min', '3 days']
    """
    minutes = max(1, round(seconds / 60.0))
    if minutes < 60:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    if minutes < 2880:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{round(minutes / 1440)} days"
