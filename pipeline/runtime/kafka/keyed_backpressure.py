"""Back-pressure for producers that know keys and may block: the side of ingest."""

from __future__ import annotations

import threading

from pipeline.contracts.partitioning import partition_of
from pipeline.runtime.kafka.admin import Offsets
from pipeline.runtime.kafka.backpressure import ByteBudget, CommittedOffsets
from pipeline.runtime.kafka.consumer_groups import consumer_groups
from pipeline.settings.kafka import KafkaSettings


class KeyedByteBudget:
    """Makes `Publisher` of `pipeline.ingest` wait for the slowest reader of the embedded broker.

    Offsets are foreseen from where each partition ended when it was first written to: exact while this is the only
    producer of the topic, and else early by what the others write, which their share of the budget allows for.
    """

    def __init__(self, settings: KafkaSettings, share: int = 1, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()
        self._offsets = Offsets(settings)
        self._committed = CommittedOffsets(settings)
        self._budget = ByteBudget(self._committed, consumer_groups(settings), share=share)
        self._next: dict[tuple[str, int], int] = {}
        self._partitions: dict[str, int] = {}

    def admit(self, topic: str, key: bytes, size: int) -> None:
        """Blocks until a record of `size` bytes with this key may be published, and counts it as sent."""
        partition = self._where(topic, key)
        self._budget.admit_blocking(topic, partition, size, self._stop)
        offset = self._next[topic, partition]
        self._budget.sent(topic, partition, offset, size)
        self._next[topic, partition] = offset + 1

    def close(self) -> None:
        """Let go of the connections."""
        self._offsets.close()
        self._committed.close()

    def _where(self, topic: str, key: bytes) -> int:
        count = self._partitions.get(topic)
        if count is None:
            ends = self._offsets.ends_of_existing(topic)
            self._next |= {(topic, partition): end for partition, end in ends.items()}
            count = self._partitions[topic] = len(ends)
        return partition_of(key, count)
