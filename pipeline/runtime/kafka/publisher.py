"""Publishes the batches of a worker by partition, and awaits every delivery.

Faust sends one message at a time and only logs a failed one; this hands whole batches to aiokafka's idempotent producer
and returns when the broker has acknowledged every one of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from pipeline.contracts.headers import arrival_header
from pipeline.contracts.origin import ORIGIN
from pipeline.contracts.partitioning import partition_of
from pipeline.errors import TerminalError, TransientError
from pipeline.runtime.kafka.backpressure import Backpressure, NoBackpressure
from pipeline.runtime.kafka.clients import aiokafka_options
from pipeline.settings.kafka import KafkaSettings
from pipeline.stages.records import Outgoing

MAX_REQUEST = 4_000_000
"""Bytes of one produce request; a message is smaller (see `Topic.max_message_bytes`)."""


class ToSend(NamedTuple):
    """A message as it goes to the broker; `partition` None lets murmur2 of the key choose."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


def headers(message: Outgoing) -> tuple[tuple[str, bytes], ...]:
    """The headers of a message: its arrival and its origin, where it has them."""
    arrived = (arrival_header(message.arrived),) if message.arrived else ()
    return (*arrived, (ORIGIN, message.origin)) if message.origin else arrived


class Publisher:
    """Sends batches; after `send` returns, the broker has every message (acks from all replicas in sync)."""

    def __init__(self, settings: KafkaSettings, backpressure: Backpressure | None = None) -> None:
        self._settings = settings
        self._backpressure = backpressure or NoBackpressure()
        self._counts: dict[str, int] = {}
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        producer = AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            max_request_size=MAX_REQUEST,
            max_batch_size=1_000_000,
            request_timeout_ms=30_000,
            **aiokafka_options(self._settings),
        )
        try:
            await producer.start()
        except KafkaError as error:
            raise TransientError(
                f"cannot connect ({error})", subject=f"Kafka at {self._settings.bootstrap}", todo="Is it running?"
            ) from error
        self._producer = producer

    async def close(self) -> None:
        """Let go of the connection; nothing is pending, since `send` waits."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def send(self, messages: Sequence[ToSend]) -> None:
        """Send all and wait for the acknowledgements; order within a partition is kept.

        Raises `TransientError` when the broker did not take them (some may have been taken: send all again).
        """
        if not messages:
            return
        parts: dict[tuple[str, int], list[ToSend]] = {}
        for message in messages:
            topic, key, partition = message.topic, message.key, message.partition
            if partition is None:
                partition = partition_of(key or b"", self._counts.get(topic) or await self._partitions(topic))
            parts.setdefault((topic, partition), []).append(message)
        try:
            await asyncio.gather(*(self._send_part(topic, part, batch) for (topic, part), batch in parts.items()))
        except KafkaError as error:
            raise TransientError(f"not delivered ({error!r})", subject=", ".join({t for t, _ in parts})) from error

    async def _send_part(self, topic: str, partition: int, messages: list[ToSend]) -> None:
        """One partition's messages, in as few batches as fit."""
        producer = self._connected()
        now = int(time.time() * 1000)
        for batch, size in self._fill(producer, messages, now):
            await self._backpressure.admit(topic, partition, size)
            future = await producer.send_batch(batch, topic, partition=partition)
            metadata = await future
            self._backpressure.sent(topic, partition, metadata.offset, size)

    def _fill(self, producer: Any, messages: Iterable[ToSend], now: int) -> Iterable[tuple[Any, int]]:
        batch, size = producer.create_batch(), 0
        for message in messages:
            appended = self._append(batch, message, now)
            if appended is None:
                if batch.record_count():
                    yield batch, size
                batch, size = producer.create_batch(), 0
                appended = self._append(batch, message, now)
                if appended is None:
                    raise TerminalError("is larger than a batch", subject=f"a message for {message.topic}")
            size += _size(message)
        if batch.record_count():
            yield batch, size

    @staticmethod
    def _append(batch: Any, message: ToSend, now: int) -> Any:
        try:
            return batch.append(key=message.key, value=message.value, timestamp=now, headers=list(message.headers))
        except MessageSizeTooLargeError:
            return None

    async def _partitions(self, topic: str) -> int:
        """How many partitions a topic has; asked of the broker once."""
        count = self._counts.get(topic)
        if count is None:
            count = self._counts[topic] = len(await self._connected().partitions_for(topic))
        return count

    def _connected(self) -> Any:
        if self._producer is None:
            raise RuntimeError("Publisher.start() comes first")
        return self._producer


def _size(message: ToSend) -> int:
    """Bytes of a message on the broker, headers and record framing included (an upper bound)."""
    body = len(message.key or b"") + len(message.value or b"")
    return body + sum(len(name) + len(value) + 4 for name, value in message.headers) + 40
