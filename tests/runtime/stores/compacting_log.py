"""A Kafka topic in memory that compacts: of each key only the last record stays, offsets as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from aiokafka.structs import TopicPartition

from pipeline.runtime.kafka.publisher import Sent, ToSend


class LogEntry(NamedTuple):
    """A record as a consumer gives it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class CompactingLog:
    """One topic; also the publisher that writes to it."""

    def __init__(self) -> None:
        self.partitions: dict[int, list[LogEntry]] = {}
        self.ends: dict[int, int] = {}

    async def send(self, messages: Sequence[ToSend]) -> Sent:
        """As `Publisher.send`: all are delivered."""
        sent = Sent()
        for topic, key, value, headers, partition in messages:
            assert partition is not None
            offset = self.ends.get(partition, 0)
            self.partitions.setdefault(partition, []).append(LogEntry(offset, key, value, headers))
            self.ends[partition] = offset + 1
            sent.spans.setdefault((topic, partition), []).append((offset, 1))
        return sent

    def compact(self, partition: int = 0) -> None:
        """Retain the last record of each key, and of those no tombstones."""
        last = {entry.key: entry for entry in self.partitions.get(partition, [])}
        self.partitions[partition] = sorted(
            (entry for entry in last.values() if entry.value is not None), key=lambda entry: entry.offset
        )

    @contextmanager
    def connected(self) -> Iterator[CompactingLog]:
        """Changelog stores read this log while it lasts."""
        with patch("pipeline.runtime.stores.changelog.AIOKafkaConsumer", lambda **options: _Consumer(self)):
            yield self


class _Consumer:
    def __init__(self, log: CompactingLog) -> None:
        self._log = log
        self._position = 0

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        return

    def seek(self, where: TopicPartition, offset: int) -> None:
        self._position = offset

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {where: self._log.ends.get(where.partition, 0) for where in partitions}

    async def position(self, where: TopicPartition) -> int:
        return self._position

    async def getmany(self, where: TopicPartition, timeout_ms: int = 0) -> dict[TopicPartition, list[Any]]:
        entries = [e for e in self._log.partitions.get(where.partition, []) if e.offset >= self._position]
        self._position = self._log.ends.get(where.partition, 0)
        return {where: entries}
