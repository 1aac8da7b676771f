"""Time slices: the index that a mention belongs to, by the date of its post.

Dates come from strangers, and every slice costs the cluster a shard.  So slices get coarser towards the past: years
before 2015, one slice for all before 2005, and days, where they are asked for, only from 2026 on.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipeline.contracts.values import milliseconds
from pipeline.index.documents import moment

EARLIER = "earlier"
_FIRST_YEAR, _FIRST_MONTHS, _FIRST_DAYS = 2005, 2015, 2026
_NAME = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def slice_of(created_at: datetime, size: Literal["month", "day"]) -> str:
    """Name of the slice of a post created at a time: ``2026-03``, ``2026-03-14``, ``2009`` or ``earlier``."""
    when = moment(milliseconds(created_at))
    if when.year < _FIRST_YEAR:
        return EARLIER
    if when.year < _FIRST_MONTHS:
        return f"{when:%Y}"
    return f"{when:%Y-%m-%d}" if size == "day" and when.year >= _FIRST_DAYS else f"{when:%Y-%m}"


def end_of(name: str) -> datetime | None:
    """When a slice ends (exclusive), or None for a name that is no slice's.

    >>> end_of("2026-03").isoformat()
    '2026-04-01T00:00:00+00:00'
    >>> end_of("all") is None
    True
    """
    if name == EARLIER:
        return datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        start = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
        if day:
            return start + timedelta(days=1)
        if month and month < 12:
            return start.replace(month=month + 1)
        return datetime(start.year + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def start_of(when: datetime, size: Literal["month", "day"]) -> datetime:
    """When the slice of a time begins: whatever is older lies in slices that have ended by then."""
    day = moment(milliseconds(when)).replace(hour=0, minute=0, second=0, microsecond=0)
    if day.year < _FIRST_MONTHS:
        return day.replace(month=1, day=1)
    return day if size == "day" and day.year >= _FIRST_DAYS else day.replace(day=1)
