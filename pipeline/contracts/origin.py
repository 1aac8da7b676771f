"""Origin of a message: the raw record that led to it, by which repeats are recognised.

A worker that is killed publishes anew whatever came of the records since its last commit: thousands of messages, with
the same ids and perhaps long after the first time.  Each message therefore carries, in a header of 20 bytes, the raw
record that led to it: of a reply that was published again because its parent came late, or of a deletion, that is the
record of the parent or of the deletion, not the one of the reply.

    partition   of the raw topic                                                              4 bytes
    position    offset of the record << 16 | the message's number among those that came of it  8 bytes
    produced    when the record was produced, in milliseconds since 1970                       8 bytes

The same record gives the same origins whenever it is read, and along a raw partition positions rise.  What a person
publishes again from the dead letters comes without: it is late, not repeated.
"""

from __future__ import annotations

from struct import Struct
from typing import Protocol

ORIGIN = "origin"
"""The header's name."""

_LAYOUT = Struct(">IQQ")
SIZE = _LAYOUT.size
unpacked = _LAYOUT.unpack
"""(partition, position, produced) of the bytes of an origin; they must be `SIZE` long."""

ERASED = b"erased".ljust(SIZE, b"\0")
"""Origin of an incident event that is published again, since something that it quoted is deleted: nothing new."""

NUMBERS = 16
"""Bits of a position for the number; one record leads to a few hundred messages at most."""


class Produced(Protocol):
    """A record as far as its origin goes: where it lies, and when it was produced (seconds since 1970)."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> float: ...


def origin(record: Produced, number: int) -> bytes:
    """The origin of the message that is the `number`-th (from 0) to come of a record; empty where nobody knows when the
    record was produced, as in a file: then a topic that begins anew could not be told from one that goes on."""
    produced = round(record.timestamp * 1000.0)
    if produced <= 0:
        return b""
    return packed(record.partition, record.offset << NUMBERS | min(number, (1 << NUMBERS) - 1), produced)


def packed(partition: int, position: int, produced: int) -> bytes:
    """The bytes of an origin."""
    return _LAYOUT.pack(partition, position, produced)
