"""Turns records of dead-letter topics into documents that a person can search.

The record's key and value are the original bytes; where they come from and why they are there is in its headers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from pipeline.index.documents import moment
from pipeline.index.protocol import DeadLetter
from pipeline.stages.records import Record

T = TypeVar("T")


def dead_letter(record: Record) -> DeadLetter:
    """The dead letter of a record.  Never fails: a header that is missing or wrong is replaced by what is known."""
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    stage = headers.get("stage") or record.topic.partition(".")[0]
    topic = headers.get("topic") or record.topic
    partition = _number(headers.get("partition"), record.partition)
    offset = _number(headers.get("offset"), record.offset)
    return DeadLetter(
        letter_id=f"{stage}/{topic}/{partition}/{offset}",
        stage=stage,
        topic=topic,
        partition=partition,
        offset=offset,
        code=headers.get("code") or "unknown",
        reason=headers.get("reason") or "the stage gave no reason",
        key=record.key,
        value=record.value,
        first_seen=_time(headers.get("first_seen"), record.timestamp),
        key_bytes=_number(headers.get("key_bytes"), None),
        value_bytes=_number(headers.get("value_bytes"), None),
        tries=_number(headers.get("tries"), 0),
        previous=headers.get("letter") or None,
    )


def _number(text: str | None, otherwise: T) -> int | T:
    """A position or a size of at most 18 digits."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else otherwise


def _time(text: str | None, otherwise: float) -> datetime:
    try:
        when = datetime.fromisoformat(text or "")
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return moment(int(otherwise * 1000))
