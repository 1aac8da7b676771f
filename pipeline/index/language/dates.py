"""Dates in words: `today`, `last 7 days`, `2026-03`, `24h`; each a span of time, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

UNITS = ("minute", "hour", "day", "week", "month", "year")
EXAMPLES = "2026-01-31, 2026-01, 2026-01-31T12:00Z, today, yesterday, “last 7 days”, “this month”, 24h or 7d"

_LETTERS = {"m": "minute", "h": "hour", "d": "day", "w": "week"}
_AGE = re.compile(r"(\d{1,5})([mhdw])")
_LAST = re.compile(rf"(?:last|past) (\d{{1,5}}) ({'|'.join(UNITS)})s?")
_NAMED = re.compile(rf"(last|this) ({'|'.join(UNITS)})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_YEAR = re.compile(r"\d{4}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_END = datetime.max.replace(tzinfo=UTC)


class TimeSpan(NamedTuple):
    """From `start` to `end`, which does not belong to it; a moment has both the same."""

    start: datetime
    end: datetime


def time_span(text: str, now: datetime) -> TimeSpan | None:
    """The span that words stand for, or None when they are no date.

    `last 7 days` and `7d` end now; `last week` is the week before this one, and `this week` ends now.  Weeks begin on
    Monday; a month or year of "last 2 months" has 30 or 365 days.

    >>> noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
    >>> [f"{t:%d %H:%M}" for t in time_span("yesterday", noon)]
    ['13 00:00', '14 00:00']
    >>> time_span("last 7 days", noon) == time_span("7d", noon)
    True
    """
    words = " ".join(text.lower().split())
    try:
        return _relative(words, now) or _absolute(words)
    except (ValueError, OverflowError):
        return None


def _relative(words: str, now: datetime) -> TimeSpan | None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if words in ("today", "yesterday"):
        return TimeSpan(midnight, now) if words == "today" else TimeSpan(midnight - timedelta(days=1), midnight)
    if words == "now":
        return TimeSpan(now, now)
    if found := _LAST.fullmatch(words):
        return TimeSpan(now - int(found[1]) * _length(found[2]), now)
    if found := _AGE.fullmatch(words):
        return TimeSpan(now - int(found[1]) * _length(_LETTERS[found[2]]), now)
    if found := _NAMED.fullmatch(words):
        start = _begin(found[2], now)
        return (
            TimeSpan(start, now)
            if found[1] == "this"
            else TimeSpan(_begin(found[2], start - timedelta(seconds=1)), start)
        )
    return None


def _absolute(words: str) -> TimeSpan | None:
    if found := _MONTH.fullmatch(words):
        start = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
        return TimeSpan(start, _begin("month", start + timedelta(days=31)))
    if _YEAR.fullmatch(words):
        start = datetime(int(words), 1, 1, tzinfo=UTC)
        return TimeSpan(start, _begin("year", start + timedelta(days=366)))
    when = datetime.fromisoformat(words.upper())
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return TimeSpan(when, min(when + timedelta(days=1), _END) if _DAY.fullmatch(words) else when)


def _length(unit: str) -> timedelta:
    days = {"day": 1, "week": 7, "month": 30, "year": 365}
    return timedelta(days=days[unit]) if unit in days else timedelta(**{f"{unit}s": 1})


def _begin(unit: str, when: datetime) -> datetime:
    """When the minute, hour, … of a time begins."""
    if unit == "minute":
        return when.replace(second=0, microsecond=0)
    if unit == "hour":
        return when.replace(minute=0, second=0, microsecond=0)
    day = when.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day if unit == "day" else day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)
