"""Times on the command line: a date, a time in UTC unless it says otherwise, or an age."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from pipeline.errors import SettingsError

_AGE = re.compile(r"(\d{1,5})([smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_time(text: str, option: str) -> datetime:
    """The time that an option names.  Raises `SettingsError`, which names the option.

    >>> parse_time("2026-01-31T12:00", "--since").isoformat()
    '2026-01-31T12:00:00+00:00'

    >>> parse_time("2026-03-14T12:00+02:00", "--since").isoformat()
    '2026-03-14T12:00:00+02:00'
    >>> parse_time("2026-03-14", "--since").isoformat()
    '2026-03-14T00:00:00+00:00'
    """
    age = _AGE.fullmatch(text)
    try:
        if age:
            return datetime.now(UTC) - timedelta(**{_UNIT[age[2]]: int(age[1])})
        when = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise SettingsError(
            "is no time", subject=f"{option} {text}", todo="Such as 2026-01-31, 2026-01-31T12:00Z, 90m, 24h or 7d"
        ) from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
