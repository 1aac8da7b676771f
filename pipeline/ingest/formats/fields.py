"""Builds messages from flat fields, with the same checks for every layout."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import RawMessage
from pipeline.errors import Malformed

NUMBERS: dict[str, type[int] | type[float]] = {"version": int, "author_followers": int, "rating": float}
"""Fields that are numbers; everything else is text."""

_encode = msgspec.json.Encoder().encode


def message_from(fields: dict[str, Any]) -> RawMessage | Malformed:
    """A message from flat fields (`author_id`, `author_handle` … for the author); empty fields count as absent."""
    flat = {name: value for name, value in fields.items() if value is not None and value != ""}
    try:
        for name, kind in NUMBERS.items():
            if name in flat:
                flat[name] = _number(name, flat[name], kind)
        flat.setdefault("type", "post")
        if flat["type"] == "post":
            author = {part: flat.pop(f"author_{part}", None) for part in ("id", "handle", "name", "followers")}
            if author["id"] is None:
                return Malformed("missing_field", "the author's id is missing")
            flat["author"] = author
        return decode_raw(_encode(flat), time.time())
    except Malformed as error:
        return error


def _number(name: str, value: Any, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(value)
    except (ValueError, TypeError, OverflowError):
        raise Malformed("wrong_type", f"{name} is no number: {str(value)[:80]!r}") from None


def moment(value: Any, pattern: str, zone: tzinfo = UTC) -> datetime:
    """A time in UTC from `iso` text, `unix` seconds, `unix_ms`, or text of a strptime pattern.

    Raises `Malformed`.
    """
    try:
        if pattern == "unix":
            return datetime.fromtimestamp(float(value), UTC)
        if pattern == "unix_ms":
            return datetime.fromtimestamp(float(value) / 1000.0, UTC)
        text = str(value).strip()
        when = datetime.fromisoformat(text) if pattern == "iso" else datetime.strptime(text, pattern)
        if when.tzinfo is None:
            when = when.replace(tzinfo=zone)
        return when.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise Malformed("bad_time", f"{str(value)[:80]!r} is no time of the form {pattern}") from None
