"""Builds the dead letter of a record that a stage cannot process."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.contracts.topics import dead_letters
from pipeline.runtime.kafka.publisher import ToSend
from pipeline.stages.records import Record, Rejected

MAX_REASON = 1_000


def dead_letter(stage: str, rejected: Rejected) -> ToSend:
    """The record's own key and value, with headers that say where it was and what was wrong with it.

    The first-seen time is when the record was produced, so that the same record gives the same letter.
    """
    record, reason = rejected
    first_seen = datetime.fromtimestamp(record.timestamp, UTC).isoformat().replace("+00:00", "Z")
    headers = {
        "stage": stage,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "code": reason.code,
        "error": type(reason).__name__,
        "reason": str(reason)[:MAX_REASON],
        "first_seen": first_seen,
    }
    encoded = tuple((name, text.encode("utf-8", "replace")) for name, text in headers.items())
    return ToSend(dead_letters(stage).name, _key(record), record.value, encoded)


def _key(record: Record) -> bytes:
    """A key always: records without one are spread by where they were."""
    return record.key or f"{record.topic}/{record.partition}/{record.offset}".encode()
