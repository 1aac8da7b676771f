"""Builds the dead letter of a record that a stage cannot process.

A letter always fits on its topic: what is too long of the original is cut, and headers say how long it was.  The
original itself is where the headers `topic`, `partition` and `offset` point to, as long as that topic retains it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.contracts.decode import MAX_BYTES
from pipeline.contracts.headers import LETTER, replays
from pipeline.contracts.topics import dead_letters
from pipeline.runtime.kafka.publisher import ToSend
from pipeline.stages.records import Record, Rejected

MAX_REASON = 1_000
MAX_KEY = 10_000
"""Bytes of a key that a letter retains."""

MAX_VALUE = MAX_BYTES
"""Bytes of a value that a letter retains: all that a stage reads at all, and less than any broker's default allows."""

KEY_BYTES, VALUE_BYTES = "key_bytes", "value_bytes"
"""Headers of a letter whose key or value was cut: how many bytes there were."""


def dead_letter(stage: str, rejected: Rejected) -> ToSend:
    """The record's own key and value, with headers that say where it was and what was wrong with it.

    The first-seen time is when the record was produced, so that the same record gives the same letter.  `tries` says
    how often it was sent again before, and `letter` what from.
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
    if tries := replays(record.headers):
        headers["tries"] = str(tries)
        headers[LETTER] = dict(record.headers).get(LETTER, b"").decode("utf-8", "replace")[:MAX_REASON]
    encoded = tuple((name, text.encode("utf-8", "replace")) for name, text in headers.items())
    return cut(ToSend(dead_letters(stage).name, _key(record), record.value, encoded), MAX_KEY, MAX_VALUE)


def cut(letter: ToSend, most_key: int, most_value: int) -> ToSend:
    """The letter with at most so many bytes of key and value; what was cut is noted once, with its first length."""
    headers = dict(letter.headers)
    key, value = letter.key or b"", letter.value
    if len(key) > most_key:
        headers.setdefault(KEY_BYTES, b"%d" % len(key))
        key = key[:most_key]
    if value is not None and len(value) > most_value:
        headers.setdefault(VALUE_BYTES, b"%d" % len(value))
        value = value[:most_value]
    return letter._replace(key=key, value=value, headers=tuple(headers.items()))


def smaller(letter: ToSend) -> ToSend | None:
    """A letter that the broker refused, with half of its original; None when there is nothing left to cut."""
    key, value = len(letter.key or b""), len(letter.value or b"")
    if value == 0 and key <= 1:
        return None
    return cut(letter, max(1, key // 2), value // 2)


def _key(record: Record) -> bytes:
    """A key always: records without one are spread by where they were."""
    return record.key or f"{record.topic}/{record.partition}/{record.offset}".encode()
