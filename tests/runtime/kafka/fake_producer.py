"""aiokafka's idempotent producer on a broker in memory that refuses what is too large."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

PARTITIONS = 4


class Stored(NamedTuple):
    """A message on the broker."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Metadata(NamedTuple):
    """Where a batch lies."""

    offset: int


class Broker:
    """What it has taken, in order; `faults` are raised for the next batches, `silent` never answers."""

    def __init__(self, most_bytes: int = 2_000_000) -> None:
        self.most_bytes = most_bytes
        self.taken: list[Stored] = []
        self.faults: list[KafkaError | None] = []
        self.silent = False
        self.producers = 0

    def values(self, topic: str = "out") -> list[bytes | None]:
        """The values of a topic, in the order in which they came."""
        return [stored.value for stored in self.taken if stored.topic == topic]

    @contextmanager
    def connected(self) -> Iterator[Broker]:
        """Publishers of ours reach this broker while it lasts."""
        with patch("pipeline.runtime.kafka.publisher.AIOKafkaProducer", lambda **options: Producer(self)):
            yield self


class Batch:
    """Messages for one partition."""

    def __init__(self, most: int = 1_000_000) -> None:
        self._room = most
        self.messages: list[tuple[Any, Any, Any]] = []

    def append(self, *, key: bytes | None, value: bytes | None, timestamp: int, headers: Sequence[Any]) -> object:
        size = len(key or b"") + len(value or b"")
        if self.messages and size > self._room:
            return None
        self._room -= size
        self.messages.append((key, value, tuple(headers)))
        return self

    def record_count(self) -> int:
        return len(self.messages)


class Producer:
    """After a batch that failed, the broker takes nothing more from it on that partition."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._holes: set[tuple[str, int]] = set()
        broker.producers += 1

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(PARTITIONS))

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Metadata]:
        future: asyncio.Future[Metadata] = asyncio.get_running_loop().create_future()
        if self._broker.silent:
            return future
        error = self._error(batch, (topic, partition))
        if error is not None:
            self._holes.add((topic, partition))
            future.set_exception(error)
            return future
        lying = sum((stored.topic, stored.partition) == (topic, partition) for stored in self._broker.taken)
        self._broker.taken += [Stored(topic, partition, *message) for message in batch.messages]
        future.set_result(Metadata(lying))
        return future

    def _error(self, batch: Batch, where: tuple[str, int]) -> KafkaError | None:
        if where in self._holes:
            return OutOfOrderSequenceNumber()
        if self._broker.faults and (fault := self._broker.faults.pop(0)) is not None:
            return fault
        if sum(len(key or b"") + len(value or b"") for key, value, _ in batch.messages) > self._broker.most_bytes:
            return MessageSizeTooLargeError()
        return None
