"""State in a compacted Kafka topic, with a copy in memory; follows the partitions.

The topic has as many partitions as the stage's source, and a key's value lies on the partition that its records come
from: a worker that is given a partition reads the changelog's partition of the same number, to its end, before it
handles the first record.  Of several values of one key the one that has absorbed most wins, not the last: a worker that
has lost its partition without knowing may still write an old one.
"""

from __future__ import annotations

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from pipeline.runtime.kafka.clients import aiokafka_options
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.settings.kafka import KafkaSettings
from pipeline.stages.state import Change, Expiry, StoredValue

log = structlog.get_logger()


class ChangelogStore:
    """The values of the partitions that this worker has, and the topic from which they come back after a crash."""

    def __init__(self, settings: KafkaSettings, topic: str, publisher: Publisher) -> None:
        self._settings = settings
        self._topic = topic
        self._publisher = publisher
        self._data: dict[int, dict[str, bytes]] = {}
        self._expiry = Expiry()

    def read(self, partition: int, key: str) -> bytes | None:
        """The stored value of a key of a recovered partition, or None."""
        return self._data[partition].get(key)

    def expired(self, now: float, limit: int) -> list[tuple[int, str]]:
        """At most `limit` (partition, key) that have expired, of the partitions in hand."""
        past = self._expiry.past(now, limit)
        return [(partition, key) for partition, key in past if key in self._data.get(partition, {})]

    async def write(self, changes: list[Change]) -> None:
        """Publish all changes, wait until the broker has them, then keep them here."""
        await self._publisher.send(
            [ToSend(self._topic, c.key.encode(), c.data, partition=c.partition) for c in changes]
        )
        for change in changes:
            self._remember(change.partition, change.key, change.expires, change.data)

    async def recover(self, partition: int) -> None:
        """Read a partition of the changelog to its end; does nothing when it is in hand already."""
        if partition in self._data:
            return
        where = TopicPartition(self._topic, partition)
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            group_id=None,
            auto_offset_reset="earliest",  # not seek_to_beginning: it races with the default reset to the end
            fetch_max_wait_ms=50,
            **aiokafka_options(self._settings),
        )
        data: dict[str, bytes] = {}
        await consumer.start()
        try:
            consumer.assign([where])
            end = (await consumer.end_offsets([where]))[where]
            while await consumer.position(where) < end:
                for records in (await consumer.getmany(where, timeout_ms=500)).values():
                    for record in records:
                        _absorb(data, record.key.decode(), record.value)
        finally:
            await consumer.stop()
        self._data[partition] = {}
        for key, value in data.items():
            self._remember(partition, key, msgspec.msgpack.decode(value, type=StoredValue).expires, value)
        log.info("state recovered", topic=self._topic, partition=partition, keys=len(data))

    def drop(self, partition: int) -> None:
        """The partition went to another worker."""
        self._data.pop(partition, None)

    async def close(self) -> None:
        """Nothing of its own to let go of."""

    def _remember(self, partition: int, key: str, expires: float, data: bytes | None) -> None:
        values = self._data[partition]
        if data is None:
            values.pop(key, None)
        else:
            values[key] = data
            self._expiry.set(partition, key, expires)


def _absorb(data: dict[str, bytes], key: str, value: bytes | None) -> None:
    """Take a changelog record in: a tombstone removes, else the value that has absorbed more stays."""
    if value is None:
        data.pop(key, None)
        return
    old = data.get(key)
    if old is None or _reach(value) >= _reach(old):
        data[key] = value


def _reach(value: bytes) -> int:
    return sum(msgspec.msgpack.decode(value, type=StoredValue).absorbed.values())
