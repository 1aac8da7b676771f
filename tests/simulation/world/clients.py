"""Kafka's clients as the pipeline uses them, on the broker in memory: what aiokafka would do, and how it fails.

The pipeline makes its clients by itself; `in_memory` puts these in the place of aiokafka's.  A client belongs to the
process that makes it, and fails, stops and dies with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from unittest.mock import patch

from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    OutOfOrderSequenceNumber,
    RequestTimedOutError,
)
from aiokafka.structs import TopicPartition

from tests.simulation.world.broker import PARTITIONS, Broker, Headers, Where, message_size

if TYPE_CHECKING:
    from tests.simulation.world.elasticsearch import Cluster
    from tests.simulation.world.faults import Outside

LATENCY = 0.02
"""Most seconds that a request takes."""

UNREACHABLE = 1.0
"""Seconds after which a request to a broker that is away is given up."""


class Host(Protocol):
    """A process, as a client sees it."""

    broker: Broker
    cluster: Cluster
    chance: Random
    batch_messages: int

    async def point(self, name: str) -> bool:
        """Pass a point, at which the process may stop; True when an answer from outside gets lost there."""
        ...

    def broker_away_for(self) -> float:
        """Seconds until the broker answers; 0 while it does."""
        ...

    def out_for(self, what: Outside) -> float:
        """For how many seconds more something outside fails; 0 while it works."""
        ...


HOST: ContextVar[Host] = ContextVar("host")
"""The process to which the running task belongs."""


class Bystander:
    """Somebody who only looks: nothing goes wrong."""

    batch_messages = 1000

    def __init__(self, broker: Broker, cluster: Cluster) -> None:
        self.broker = broker
        self.cluster = cluster
        self.chance = Random(0)

    async def point(self, name: str) -> bool:
        return False

    def broker_away_for(self) -> float:
        return 0.0

    def out_for(self, what: Outside) -> float:
        return 0.0


class Metadata(NamedTuple):
    """Where a batch lies."""

    offset: int


class Batch:
    """Messages for one partition; small batches make more points at which a worker can die."""

    def __init__(self, most_bytes: int, most_messages: int) -> None:
        self._most_bytes = most_bytes
        self._most_messages = most_messages
        self._bytes = 0
        self.messages: list[tuple[bytes | None, bytes | None, Headers]] = []

    def append(self, *, key: bytes | None, value: bytes | None, timestamp: int, headers: Sequence[Any]) -> object:
        """Adds a message, or gives None when the batch is full; the first message always fits."""
        size = message_size(key, value, tuple(headers))
        full = self._bytes + size > self._most_bytes or len(self.messages) >= self._most_messages
        if self.messages and full:
            return None
        self._bytes += size
        self.messages.append((key, value, tuple(headers)))
        return self

    def record_count(self) -> int:
        """Messages so far."""
        return len(self.messages)


class Producer:
    """aiokafka's producer: with idempotence it is of no more use on a partition where a batch was not delivered, for
    that leaves a hole in its sequence numbers."""

    def __init__(self, *, max_batch_size: int, enable_idempotence: bool = False, **options: Any) -> None:
        self._host = HOST.get()
        self._most_bytes = max_batch_size
        self._idempotent = enable_idempotence
        self._out_of_order: set[Where] = set()

    async def start(self) -> None:
        if self._host.broker_away_for():
            raise KafkaConnectionError("no broker")

    async def stop(self) -> None:
        return

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(PARTITIONS))

    def create_batch(self) -> Batch:
        return Batch(self._most_bytes, self._host.batch_messages)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Metadata]:
        """The broker has the batch when the future is done."""
        host, where = self._host, (topic, partition)
        before, after = ("state", "stated") if topic.endswith(".state.v1") else ("publish", "published")
        lost = await host.point(before)
        await asyncio.sleep(host.chance.uniform(0.0, LATENCY))
        if where in self._out_of_order:
            raise OutOfOrderSequenceNumber
        try:
            if lost or host.out_for("changelog" if before == "state" else "broker"):
                await asyncio.sleep(UNREACHABLE)
                raise RequestTimedOutError
            first = host.broker.append(where, batch.messages)
        except KafkaError:
            if self._idempotent:
                self._out_of_order.add(where)
            raise
        if await host.point(after):
            raise RequestTimedOutError
        future = asyncio.get_running_loop().create_future()
        future.set_result(Metadata(first))
        return future


class Read(NamedTuple):
    """A record as a consumer gives it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Consumer:
    """aiokafka's consumer of given partitions, from the earliest record on."""

    def __init__(self, **options: Any) -> None:
        self._host = HOST.get()
        self._positions: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        await self._host.point("recover")
        await asyncio.sleep(self._host.broker_away_for())

    async def stop(self) -> None:
        return

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._positions = {where: self._host.broker.log(tuple(where)).start for where in partitions}

    def seek(self, where: TopicPartition, offset: int) -> None:
        self._positions[where] = offset

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {where: self._host.broker.log(tuple(where)).end for where in partitions}

    async def position(self, where: TopicPartition) -> int:
        return self._positions[where]

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0) -> dict[TopicPartition, list[Read]]:
        await asyncio.sleep(self._host.chance.uniform(0.0, LATENCY))
        found = {}
        for where in partitions:
            log = self._host.broker.log(tuple(where))
            records = log.since(self._positions[where], 500)
            self._positions[where] = records[-1].offset + 1 if records else log.end
            found[where] = [Read(record.offset, record.key, record.value, record.headers) for record in records]
        return found


@contextmanager
def in_memory() -> Iterator[None]:
    """The pipeline's clients are these while this lasts."""
    with (
        patch("pipeline.runtime.kafka.publisher.AIOKafkaProducer", Producer),
        patch("pipeline.runtime.stores.changelog.AIOKafkaConsumer", Consumer),
    ):
        yield
