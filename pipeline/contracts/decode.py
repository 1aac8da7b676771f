"""Decoding of messages, with a plain reason for bytes that are not one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from pipeline.contracts.posts import Post, RawMessage
from pipeline.errors import Malformed

MAX_BYTES = 1_000_000
"""Largest record that is read at all."""

MAX_AHEAD = 3600.0
"""Seconds that a post may be dated after its arrival: clocks of networks differ a little."""

_KNOWN_TYPES = "post, post_deleted, author_deleted"
_RAW = msgspec.json.Decoder(RawMessage)
_NUL = re.compile(rb"\\u0000|\x00")

T = TypeVar("T")


def decode(data: bytes | None, decoder: msgspec.json.Decoder[T], limit: int = MAX_BYTES) -> T:
    """A message of at most `limit` bytes, or `Malformed` with what is wrong and where.

    Guarantees that no other exception leaves it, whatever the bytes.
    """
    if not data:
        raise Malformed("empty", "the record is empty", todo="Publish one JSON object a record")
    if len(data) > limit:
        raise Malformed("too_large", f"the record has {len(data):,} bytes, more than the {limit:,} allowed")
    try:
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        raise Malformed("not_utf8", f"the text is not UTF-8 ({error.reason})") from error
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise _unreadable(data, error) from error


def decode_raw(data: bytes | None, produced: float, ahead: float = MAX_AHEAD) -> RawMessage:
    """A record of ``posts.raw.v1``; `produced` is when it was put there, `ahead` how much later a post may be dated
    (seconds).

    Raises `Malformed` also for what JSON allows and a post does not: NUL characters and times in the future.
    """
    message: RawMessage = decode(data, _RAW)
    if data and _NUL.search(data) and _holds_nul(msgspec.to_builtins(message)):
        raise Malformed("nul_character", "the text holds a NUL character", todo="Remove it at the source")
    when = message.created_at if isinstance(message, Post) else message.deleted_at
    if produced > 0.0 and when.timestamp() > produced + ahead:
        arrival = datetime.fromtimestamp(produced, UTC)
        raise Malformed(
            "future_date",
            f"dated {when:%Y-%m-%d %H:%M} but published {arrival:%Y-%m-%d %H:%M} UTC",
            todo="Check the clock and the time zone of the source",
        )
    return message


def _holds_nul(value: object) -> bool:
    """Whether any string in a message holds a NUL character (the words ``\\u0000`` spelt out are none)."""
    if isinstance(value, dict):
        return any(_holds_nul(part) for part in value.values())
    return isinstance(value, str) and "\x00" in value


def _invalid(text: str) -> Malformed:
    """A code and plain words for what msgspec says of a message of the wrong shape."""
    if "missing required field" in text:
        return Malformed("missing_field", text, todo="The contract is in docs/contracts")
    if "at `$.type`" in text:
        return Malformed("unknown_type", text, todo=f"Known types are {_KNOWN_TYPES}")
    if "of length" in text:
        return Malformed("too_long" if "<=" in text else "empty_field", text)
    if "RFC3339" in text or "timezone" in text or "datetime" in text:
        return Malformed("bad_time", text, todo="Times are RFC 3339 with a zone, such as 2026-01-31T12:00:00Z")
    if text.startswith("Expected `object`, got") and "$" not in text:
        return Malformed("wrong_type", text, todo="Publish one JSON object a record")
    return Malformed("wrong_type" if "got `" in text else "wrong_value", text)


def _unreadable(data: bytes, error: Exception) -> Malformed:
    """A code and plain words for bytes that are not JSON at all."""
    if isinstance(error, RecursionError):
        return Malformed("too_deep", "the JSON is nested too deeply")
    if "surrogate" in str(error) or _lone_surrogate(data):
        return Malformed("lone_surrogate", "the text holds half of a surrogate pair", todo="Repair the encoding")
    return Malformed("not_json", str(error), todo="Publish one JSON object a record")


def _lone_surrogate(data: bytes) -> bool:
    """Whether Python's more tolerant reader finds JSON with a lone surrogate in it."""
    try:
        json.dumps(json.loads(data), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except ValueError:
        return False
    return False
