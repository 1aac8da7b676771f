"""Query parameters of a visitor, bounded; anything else is a `BadRequest` in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast, get_args

from pipeline.contracts.values import Label
from pipeline.errors import TerminalError
from pipeline.index.cursor import MAX_CURSOR
from pipeline.index.protocol import Order, Query
from pipeline.index.query import MAX_TEXT, MAX_WINDOW

MAX_NAME = 512
MAX_LIMIT = 100
MAX_OFFSET = MAX_WINDOW
"""Offset and limit together: search engines refuse to go deeper; nobody reads on."""

MAX_SPANS = 1_000

AGO = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
"""Short names for "since then"; a time in RFC 3339 does as well."""


class BadRequest(TerminalError):
    """A parameter cannot be used; says which and what is allowed."""


def query(given: Mapping[str, str], now: datetime, limit: int = 20) -> Query:
    """The search that the parameters ask for: `q entity sentiment network since until order limit offset
    after`; `q` is in the query language."""
    limit = number(given, "limit", limit, 1, MAX_LIMIT)
    return Query(
        text=_text(given, "q", MAX_TEXT) or "",
        entity=_text(given, "entity", MAX_NAME),
        sentiment=cast(Label | None, choice(given, "sentiment", get_args(Label))),
        network=_text(given, "network", MAX_NAME),
        since=_time(given, "since", now),
        until=_time(given, "until", now),
        order=cast(Order, choice(given, "order", get_args(Order)) or "newest"),
        limit=limit,
        offset=number(given, "offset", 0, 0, MAX_OFFSET - limit),
        after=_text(given, "after", MAX_CURSOR) or "",
    )


def number(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """A whole number within bounds."""
    text = given.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
        raise BadRequest(f"must be a whole number from {low:,} to {high:,}", subject=name)
    return int(text)


def flag(given: Mapping[str, str], name: str) -> bool:
    """Yes for ``1``, ``true`` and ``yes``."""
    return (choice(given, name, ("1", "true", "yes", "0", "false", "no")) or "no") in ("1", "true", "yes")


def _text(given: Mapping[str, str], name: str, most: int) -> str | None:
    text = given.get(name, "").strip()
    if len(text) > most:
        raise BadRequest(f"must not be longer than {most} characters", subject=name)
    if "\x00" in text:
        raise BadRequest("must not hold a NUL character", subject=name)
    return text or None


def choice(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    """One of the allowed values; None where none is given."""
    text = given.get(name, "").strip()
    if text and text not in allowed:
        raise BadRequest(f"must be one of: {', '.join(allowed)}", subject=name)
    return text or None


def _time(given: Mapping[str, str], name: str, now: datetime) -> datetime | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    if text in AGO:
        return now - AGO[text]
    try:
        if len(text) > 40:
            raise ValueError
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad_time(name) from None


def _bad_time(name: str) -> BadRequest:
    return BadRequest(f"must be a time such as 2026-01-31T12:00:00Z, or one of: {', '.join(AGO)}", subject=name)
