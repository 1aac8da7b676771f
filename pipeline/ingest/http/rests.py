"""Rests that servers ask for: ``Retry-After``, and rate limits when nothing is left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_REST = 86_400.0
"""Longest rest in seconds that is obeyed: a day."""

_RESETS = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining")


def asked_rest(headers: Mapping[str, str], now: float) -> float:
    """Seconds that an answer asks us to stay away; 0 for none.

    >>> asked_rest({"retry-after": "120"}, now=0.0)
    120.0
    >>> asked_rest({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, now=0.0)
    60.0
    """
    return _seconds(headers.get("retry-after", ""), now) or rest_until_reset(headers, now)


def rest_until_reset(headers: Mapping[str, str], now: float) -> float:
    """Seconds until a server has something left for us; 0 while it has, or says nothing.

    >>> rest_until_reset({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1970-01-01T00:05:00.000Z"}, now=0.0)
    300.0
    """
    left = next((headers[name] for name in _REMAINING if name in headers), "")
    try:
        if not left or float(left) >= 1.0:
            return 0.0
    except ValueError:
        return 0.0
    return next((_seconds(headers[name], now) for name in _RESETS if name in headers), 0.0)


def _seconds(text: str, now: float) -> float:
    """From now until what a header says: seconds, seconds since 1970, or a date in one of two forms."""
    text = text.strip()[:64]
    try:
        if text.isascii() and text.replace(".", "", 1).isdigit():
            number = float(text)
            seconds = number - now if number > 1e9 else number
        elif "T" in text and "," not in text:
            seconds = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - now
        else:
            seconds = parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    return min(MAX_REST, max(0.0, seconds))
