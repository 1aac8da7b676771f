"""State in a compacted Kafka topic, with a copy in memory; follows the partitions.

The topic has as many partitions as the stage's source, and a key's value lies on the partition that its records come
from: a worker that is given a partition reads the changelog's partition of the same number, to its end, before it
handles the first record.  A worker that has lost its partition without knowing may still write; `fencing.py` has the
rules by which that does no harm, and this what they ask of a writer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from secrets import token_hex

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from pipeline.errors import RefusedByBroker, TerminalError, TransientError
from pipeline.runtime.kafka.clients import aiokafka_options
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.runtime.stores.fencing import (
    BEFORE_CLAIMS,
    CLAIM,
    ENDED,
    WRITER,
    Live,
    LogFold,
    LogRecord,
    Recovered,
    log_key,
    split,
)
from pipeline.settings.kafka import KafkaSettings
from pipeline.stages.state import Change, Expiry, StoredValue

log = structlog.get_logger()

SOURCES = "\0sources"
"""Value under which the identities of the source topics are stored."""


class Fenced(TerminalError):
    """Another worker has claimed the partition: nothing of this batch may be acknowledged."""


async def unknown() -> str:
    """The identity of source topics that nobody can tell: state is taken to belong to them."""
    return ""


class _Partition(msgspec.Struct):
    """A partition in hand: our claim and its epoch, the offset that our next record will have unless somebody else
    writes, the values, and of those that lie under an older epoch's key that epoch."""

    claim: str
    epoch: int
    next: int
    values: dict[str, bytes]
    older: dict[str, int]


class ChangelogStore:
    """The values of the partitions that this worker has, and the topic from which they come back after a crash.

    Guarantees: what a worker writes after another has claimed the partition counts nowhere, whatever compaction
    retains, and that worker learns of it before it acknowledges anything.  State of a source topic that was made anew
    is dropped.
    """

    def __init__(
        self, settings: KafkaSettings, topic: str, publisher: Publisher,
        identity: Callable[[], Awaitable[str]] = unknown,
    ) -> None:  # fmt: skip
        """`identity` tells the source topics from others of the same names."""
        self._settings = settings
        self._topic = topic
        self._publisher = publisher
        self._identity = identity
        self._partitions: dict[int, _Partition] = {}
        self._claimed: dict[int, int] = {}
        self._drops: dict[int, int] = {}
        self._expiry = Expiry()

    def read(self, partition: int, key: str) -> bytes | None:
        """The stored value of a key of a recovered partition, or None."""
        return self._partitions[partition].values.get(key)

    def expired(self, now: float, limit: int) -> list[tuple[int, str]]:
        """At most `limit` (partition, key) that have expired, of the partitions in hand."""
        past = self._expiry.past(now, limit)
        return [(p, key) for p, key in past if p in self._partitions and key in self._partitions[p].values]

    async def write(self, changes: list[Change]) -> None:
        """Publish all changes, wait until the broker has them, then keep them here.

        Raises `Fenced` when another worker has claimed a partition, `RefusedByBroker` when a value is too large.
        """
        messages = [message for change in changes for message in self._messages(change)]
        sent = await self._publisher.send(messages)
        for (_, partition), spans in sent.spans.items():
            await self._check(partition, spans)
        if sent.refused:
            raise RefusedByBroker(f"a value of state is refused ({sent.refused[0].reason})", subject=self._topic)
        for change in changes:
            self._remember(change)

    async def recover(self, partition: int) -> None:
        """Claim a partition and read it to its end; does nothing when it is in hand already.

        Its values are written again under our epoch, unless whoever had it before ended in order: else that worker
        might still overwrite them.  Raises `TransientError` when the broker is away.
        """
        if partition in self._partitions:
            return
        drops = self._drops.get(partition, 0)
        claim = f"{CLAIM}{token_hex(8)}"
        await self._publisher.send([ToSend(self._topic, claim.encode(), b"1", partition=partition)])
        fold = LogFold()
        end = await self._each(partition, 0, fold.add)
        found = fold.recovered()
        held = _Partition(claim, found.claims.get(claim, BEFORE_CLAIMS), end, {}, {})
        if held.epoch < max(found.claims.values()):  # ours is not even there once the other has cleared it away
            raise Fenced(f"another worker claims partition {partition}, too", subject=self._topic)
        found = await self._of_its_source(found, partition)
        held.values = {key: live.data for key, live in found.values.items() if key != ENDED}
        held.older = {key: live.epoch for key, live in found.values.items() if key != ENDED}
        self._partitions[partition] = held
        try:
            await self._assert(partition, found)
        except BaseException:
            self.drop(partition)
            raise
        if self._drops.get(partition, 0) != drops:  # what was read is of before another worker had it
            self.drop(partition)
            raise Fenced(f"partition {partition} was handed on while it was recovered", subject=self._topic)
        self._claimed[partition] = held.epoch
        for key, value in held.values.items():
            if key != SOURCES:
                self._expiry.set(partition, key, msgspec.msgpack.decode(value, type=StoredValue).expires)
        log.info("state recovered", topic=self._topic, partition=partition, keys=len(held.values), epoch=held.epoch)

    async def verify(self, partition: int) -> None:
        """Look at what others have written since our last record; what a worker wrote that has lost the partition is
        cleared away, since it may hold what was erased.

        Raises `Fenced` when another worker has claimed it, or `TransientError` when the broker is away.
        """
        held = self._partitions.get(partition)
        if held is None:
            return
        since: list[LogRecord] = []
        end = await self._each(partition, held.next, since.append)
        written = {record.key for record in since if record.value is not None and record.key != held.claim}
        if any(key.startswith(CLAIM) for key in written):
            self.drop(partition)
            raise Fenced(f"another worker has claimed partition {partition}", subject=self._topic)
        held.next = end
        if void := sorted(key for key in written if split(key)[1] < held.epoch):
            log.warning("cleared what was written late", topic=self._topic, partition=partition, values=len(void))
            sent = await self._publisher.send([self._tombstone(partition, key) for key in void])
            for spans in sent.spans.values():
                await self._check(partition, spans)

    async def sweep(self) -> None:
        """Verify each partition in hand whose log has come further than what we wrote.

        Whoever writes notices by itself what is between its records; this is for partitions on which nothing happens.
        """
        where = [TopicPartition(self._topic, partition) for partition in sorted(self._partitions)]
        if not where:
            return
        async with self._consumer() as consumer:
            ends: dict[TopicPartition, int] = await consumer.end_offsets(where)
        for (_, partition), end in ends.items():
            held = self._partitions.get(partition)
            if held is not None and held.next < end:
                await self.verify(partition)

    def drop(self, partition: int) -> None:
        """The partition went to another worker."""
        self._drops[partition] = self._drops.get(partition, 0) + 1
        self._partitions.pop(partition, None)

    async def close(self) -> None:
        """Say that this worker will not write any more: then the next need not write its values again."""
        self._partitions.clear()
        ended = [
            ToSend(self._topic, log_key(ENDED, epoch).encode(), b"1", partition=partition)
            for partition, epoch in self._claimed.items()
        ]
        self._claimed.clear()
        await self._publisher.send(ended)

    async def _of_its_source(self, found: Recovered, partition: int) -> Recovered:
        """What was found, if it belongs to the source topics that are there now; else nothing."""
        identity = (await self._identity()).encode()
        if not identity:
            return found
        before, values = found.values.pop(SOURCES, None), found.values
        void = set(found.void)
        if before is not None and before.data != identity:
            log.warning(
                "a source topic was made anew: its state begins anew, too", topic=self._topic, partition=partition,
                keys=len(values), before=before.data.decode(), now=identity.decode(),
            )  # fmt: skip
            void |= {log_key(key, live.epoch) for key, live in values.items()}
            values = {}
        if before is not None:
            void.add(log_key(SOURCES, before.epoch))
        return Recovered({**values, SOURCES: Live(BEFORE_CLAIMS, identity)}, void, found.claims)

    async def _assert(self, partition: int, found: Recovered) -> None:
        """Write under our epoch what must be, and clear away what nobody needs; the claims before ours last."""
        held = self._partitions[partition]
        again = [SOURCES] if found.ended_in_order(held.claim) else list(held.values)
        messages = []
        for key in again:
            if key in held.values:
                messages += self._messages(Change(partition, key, 0.0, held.values[key]))
                held.older.pop(key, None)
        for key in (*found.void, *(claim for claim in found.claims if claim != held.claim)):
            messages.append(self._tombstone(partition, key))
        sent = await self._publisher.send(messages)
        for spans in sent.spans.values():
            await self._check(partition, spans)

    def _messages(self, change: Change) -> list[ToSend]:
        """What a change comes to on the log: the value under our epoch, and a tombstone for one under an older."""
        partition, key, _, data = change
        held = self._held(partition)
        messages, older = [], held.older.get(key)
        if data is not None:
            messages.append(ToSend(self._topic, log_key(key, held.epoch).encode(), data, partition=partition))
        elif older is None:
            messages.append(self._tombstone(partition, log_key(key, held.epoch)))
        if older is not None:
            messages.append(self._tombstone(partition, log_key(key, older)))
        return messages

    def _held(self, partition: int) -> _Partition:
        """A partition in hand; raises `Fenced` where it has gone to another worker meanwhile."""
        held = self._partitions.get(partition)
        if held is None:
            raise Fenced(f"partition {partition} is not in hand", subject=self._topic)
        return held

    def _tombstone(self, partition: int, key: str) -> ToSend:
        writer = ((WRITER, b"%d" % self._held(partition).epoch),)
        return ToSend(self._topic, key.encode(), None, writer, partition)

    async def _check(self, partition: int, spans: list[tuple[int, int]]) -> None:
        """Look between our records: nobody else may have claimed the partition before the last of them."""
        held = self._held(partition)
        for offset, count in spans:
            if offset != held.next:
                await self.verify(partition)
                return
            held.next = offset + count

    async def _each(self, partition: int, begin: int, add: Callable[[LogRecord], None]) -> int:
        """Read a partition of the log from an offset to its present end, which it gives."""
        where = TopicPartition(self._topic, partition)
        async with self._consumer() as consumer:
            consumer.assign([where])
            end: int = (await consumer.end_offsets([where]))[where]
            if begin:
                consumer.seek(where, begin)
            while await consumer.position(where) < end:
                for records in (await consumer.getmany(where, timeout_ms=500)).values():
                    for record in records:
                        add(_log_record(record))
        return end

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A reader of the log, of no group.  Raises `TransientError` for whatever goes wrong meanwhile."""
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            group_id=None,
            auto_offset_reset="earliest",  # not seek_to_beginning: it races with the default reset to the end
            fetch_max_wait_ms=50,
            **aiokafka_options(self._settings),
        )
        try:
            await consumer.start()
            yield consumer
        except KafkaError as error:
            raise TransientError(f"not read ({error!r})", subject=self._topic) from error
        finally:
            await consumer.stop()

    def _remember(self, change: Change) -> None:
        held = self._held(change.partition)
        held.older.pop(change.key, None)
        if change.data is None:
            held.values.pop(change.key, None)
        else:
            held.values[change.key] = change.data
            self._expiry.set(change.partition, change.key, change.expires)


def _log_record(record: ConsumerRecord[bytes, bytes]) -> LogRecord:
    writer = next((int(value) for name, value in record.headers if name == WRITER), None)
    return LogRecord(record.offset, (record.key or b"").decode(), record.value, writer)
