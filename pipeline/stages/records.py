"""Records in, messages out: what a driver and a stage hand to each other."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct

from pipeline.errors import Malformed

PartitionId = tuple[str, int]
"""A partition of a topic: the topic's name and the partition's number."""


class Record(NamedTuple):
    """A record as it came off a topic.  `arrived` is when the pipeline first received it (event-time order across
    partitions), `timestamp` when it was produced; both in seconds since 1970.  `origin` says which record of an earlier
    topic led to it (`pipeline/contracts/origin.py`), empty where nothing does."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: float = 0.0
    arrived: float = 0.0
    headers: tuple[tuple[str, bytes], ...] = ()
    origin: bytes = b""


class Outgoing(NamedTuple):
    """A message to publish.  `arrived` (seconds) is carried on, so that the next stage can keep event order; `origin`,
    where there is one, so that it knows repeats."""

    topic: str
    key: bytes
    value: bytes
    arrived: float = 0.0
    origin: bytes = b""


class Rejected(NamedTuple):
    """A record that cannot be processed, with the reason; it becomes a dead letter."""

    record: Record
    reason: Malformed


class Result(Struct):
    """What came of a batch: messages to publish, records that cannot be processed, effects to apply.

    The driver publishes, awaits the delivery of every message, applies the effects, writes the state, and only then
    acknowledges the records.  A crash in between makes the batch come again, so messages and effects are idempotent;
    state knows what it has absorbed, because it is written last.
    """

    publish: list[Outgoing] = []
    rejected: list[Rejected] = []
    effects: list[Any] = []
