"""Publishes the batches of a worker by partition, and awaits every delivery.

Faust sends one message at a time and only logs a failed one; this hands whole batches to aiokafka's idempotent producer
and returns when the broker has acknowledged every one of them.  Errors are told apart by what mends them: a message
that the broker will never have is given back; anything else may pass, and what is not delivered yet is sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    kafka_errors,
)
from msgspec import Struct, field

from pipeline.contracts.headers import arrival_header
from pipeline.contracts.origin import ORIGIN
from pipeline.contracts.partitioning import partition_of
from pipeline.errors import TransientError
from pipeline.runtime.kafka.backpressure import Backpressure, NoBackpressure
from pipeline.runtime.kafka.clients import aiokafka_options
from pipeline.settings.kafka import KafkaSettings
from pipeline.stages.records import Outgoing, PartitionId

MAX_REQUEST = 4_000_000
"""Bytes of one produce request; a message is smaller (see `Topic.max_message_bytes`)."""

DELIVERY_SECONDS = 30.0
"""Within which the broker acknowledges a batch.  aiokafka's idempotent producer itself would go on trying for ever."""

CLOSE_SECONDS = 1.0
"""For a producer to end in order when it is given up."""


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc]
    """The broker did not accept a record (since Kafka 2.4); aiokafka does not know the number."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The record failed the validation on the broker"


kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)

MESSAGE_CAUSED = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTimestampError, InvalidRecordError)
"""Errors that say something about the message: sent again it would be refused again."""


class ToSend(NamedTuple):
    """A message as it goes to the broker; `partition` None lets murmur2 of the key choose."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


class RefusedMessage(NamedTuple):
    """A message that the broker will never have, with its words."""

    message: ToSend
    reason: str


class Sent(Struct):
    """What came of a batch: the messages refused for good, and by partition where the others lie.

    A span is the offset of its first message (-1 where the broker does not say) and the number of messages.
    """

    refused: list[RefusedMessage] = field(default_factory=list)
    spans: dict[PartitionId, list[tuple[int, int]]] = field(default_factory=dict)


class Undelivered(TransientError):
    """The broker did not take everything now.  `left` are the messages to send again; it has the others."""

    def __init__(self, left: list[ToSend], why: BaseException) -> None:
        self.left = left
        super().__init__(f"not delivered ({why!r})", subject=", ".join(sorted({message.topic for message in left})))


def headers(message: Outgoing) -> tuple[tuple[str, bytes], ...]:
    """The headers of a message: its arrival and its origin, where it has them."""
    arrived = (arrival_header(message.arrived),) if message.arrived else ()
    return (*arrived, (ORIGIN, message.origin)) if message.origin else arrived


class _Part(Struct):
    """A partition's messages, how far they got, and what went wrong."""

    messages: list[ToSend]
    delivered: int = 0
    alone: bool = False
    error: BaseException | None = None


class Publisher:
    """Sends batches; after `send` returns, the broker has every message (acks from all replicas in sync).

    After any failure the producer is made anew: what it did not deliver leaves a hole in its sequence numbers, and the
    broker would answer everything that follows with `OutOfOrderSequenceNumber`, for ever.
    """

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
        producer, self._producer = self._producer, None
        if producer is not None:
            await _end(producer)

    async def send(self, messages: Sequence[ToSend]) -> Sent:
        """Send all and wait for the acknowledgements; order within a partition is kept.

        What is refused for good is in the answer, and the others are delivered.  Raises `Undelivered` with what is to
        be sent again when the broker did not take everything.
        """
        sent = Sent()
        left = list(messages)
        alone: set[PartitionId] = set()
        while left:
            try:
                parts = await self._parts(left)
            except (KafkaError, TransientError, TimeoutError) as error:
                await self.close()
                raise Undelivered(left, error) from error
            for where, part in parts.items():
                part.alone = where in alone
            await asyncio.gather(*(self._send_part(where, part, sent) for where, part in parts.items()))
            failed = {where: part for where, part in parts.items() if part.error is not None}
            if not failed:
                return sent
            await self.close()
            left = _left(left, parts)
            passing = [part.error for part in failed.values() if not isinstance(part.error, MESSAGE_CAUSED)]
            if passing:
                again = [refused.message for refused in sent.refused] + left  # the answer is lost: ask once more
                raise Undelivered(again, passing[0] or TimeoutError()) from passing[0]
            alone |= set(failed)  # a batch was refused: its messages go one by one, to find the one that it was
        return sent

    async def _parts(self, messages: Sequence[ToSend]) -> dict[PartitionId, _Part]:
        """Messages by their partition."""
        parts: dict[PartitionId, _Part] = {}
        for message in messages:
            topic, partition = message.topic, message.partition
            if partition is None:
                partition = partition_of(message.key or b"", self._counts.get(topic) or await self._partitions(topic))
            parts.setdefault((topic, partition), _Part([])).messages.append(message)
        await self._connected()
        return parts

    async def _send_part(self, where: PartitionId, part: _Part, sent: Sent) -> None:
        """One partition's messages, in as few batches as fit, up to the first that fails."""
        producer = await self._connected()
        topic, partition = where
        for batch, size in _fill(producer, part.messages, alone=part.alone):
            count = batch.record_count()
            await self._backpressure.admit(topic, partition, size)
            try:
                async with asyncio.timeout(DELIVERY_SECONDS):
                    metadata = await (await producer.send_batch(batch, topic, partition=partition))
            except (KafkaError, TimeoutError) as error:
                part.error = error
                if isinstance(error, MESSAGE_CAUSED) and count == 1:
                    sent.refused.append(RefusedMessage(part.messages[part.delivered], repr(error)))
                    part.delivered += 1  # done with, as far as sending goes
                return
            self._backpressure.sent(topic, partition, metadata.offset, size)
            sent.spans.setdefault(where, []).append((metadata.offset, count))
            part.delivered += count

    async def _partitions(self, topic: str) -> int:
        """How many partitions a topic has; asked of the broker once."""
        count = self._counts.get(topic)
        if count is None:
            async with asyncio.timeout(DELIVERY_SECONDS):
                count = self._counts[topic] = len(await (await self._connected()).partitions_for(topic))
        return count

    async def _connected(self) -> Any:
        if self._producer is None:
            await self.start()
        return self._producer


def _left(messages: Sequence[ToSend], parts: dict[PartitionId, _Part]) -> list[ToSend]:
    """The messages that are not delivered, in their order."""
    waiting = {id(message) for part in parts.values() for message in part.messages[part.delivered :]}
    return [message for message in messages if id(message) in waiting]


def _fill(producer: Any, messages: Sequence[ToSend], *, alone: bool) -> Iterator[tuple[Any, int]]:
    """Batches of messages with their sizes; `alone` makes one of each message.  The first of a batch always fits."""
    now = int(time.time() * 1000)
    batch, size = producer.create_batch(), 0
    for message in messages:
        if batch.record_count() and (alone or not _append(batch, message, now)):
            yield batch, size
            batch, size = producer.create_batch(), 0
        if not batch.record_count():
            _append(batch, message, now)
        size += _size(message)
    if batch.record_count():
        yield batch, size


def _append(batch: Any, message: ToSend, now: int) -> bool:
    added = batch.append(key=message.key, value=message.value, timestamp=now, headers=list(message.headers))
    return added is not None


async def _end(producer: Any) -> None:
    """Let go of a producer, also of one that would wait for ever for what it cannot deliver."""
    with suppress(Exception):
        try:
            await asyncio.wait_for(producer.stop(), CLOSE_SECONDS)
        except TimeoutError:
            await producer._sender.close()
            await producer.client.close()


def _size(message: ToSend) -> int:
    """Bytes of a message on the broker, headers and record framing included (an upper bound)."""
    body = len(message.key or b"") + len(message.value or b"")
    return body + sum(len(name) + len(value) + 4 for name, value in message.headers) + 40
