"""Back-pressure for the embedded broker, which retains 5 MB a partition and drops the rest.

Whoever produces waits while the slowest consumer group of the topic has more than a budget of bytes ahead of it on that
partition.  A budget knows what was sent through it and asks the broker how far the groups have committed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from pipeline.errors import TransientError
from pipeline.runtime.kafka.clients import confluent_options
from pipeline.settings.kafka import KafkaSettings

BUDGET = 3_000_000
"""Bytes that may lie unread on one partition, all producers together."""


class Backpressure(Protocol):
    """Lets a producer go on, or makes it wait."""

    async def admit(self, topic: str, partition: int, size: int) -> None:
        """Return when `size` more bytes fit."""
        ...

    def sent(self, topic: str, partition: int, offset: int, size: int) -> None:
        """So many bytes are now on the broker, the last of them at or after `offset`."""
        ...


class NoBackpressure:
    """A real cluster keeps what it is given: nobody waits."""

    async def admit(self, topic: str, partition: int, size: int) -> None:
        return

    def sent(self, topic: str, partition: int, offset: int, size: int) -> None:
        return


class CommittedOffsets:
    """How far consumer groups have committed; asks the broker at most every `fresh` seconds.  Thread-safe."""

    def __init__(self, settings: KafkaSettings, fresh: float = 0.05) -> None:
        self._settings = settings
        self._fresh = fresh
        self._clients: dict[str, Consumer] = {}
        self._known: dict[tuple[str, str, int], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def offset(self, group: str, topic: str, partition: int) -> int:
        """CommittedOffsets offset of a group on a partition; 0 where it has committed nothing yet."""
        with self._lock:
            at, offset = self._known.get((group, topic, partition), (0.0, 0))
            if time.monotonic() - at < self._fresh:
                return offset
            offset = max(offset, self._ask(group, topic, partition))
            self._known[group, topic, partition] = (time.monotonic(), offset)
            return offset

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _ask(self, group: str, topic: str, partition: int) -> int:
        client = self._clients.get(group)
        if client is None:
            client = Consumer({**confluent_options(self._settings), "group.id": group, "enable.auto.commit": False})
            self._clients[group] = client
        try:
            answer = client.committed([TopicPartition(topic, partition)], timeout=5.0)
        except KafkaException:
            return 0  # the coordinator is not ready: nothing is known, so the producer goes on waiting
        return max(0, int(answer[0].offset))


class ByteBudget:
    """Keeps what one producer has unread on each partition within its part of the budget.

    `share` is the number of producers that write to the same topics; `waiting` marks the time spent here on purpose.
    """

    def __init__(
        self,
        committed: CommittedOffsets,
        groups: Mapping[str, Sequence[str]],
        share: int = 1,
        waiting: Callable[[str], AbstractContextManager[None]] = lambda what: nullcontext(),
    ) -> None:
        self._waiting = waiting
        self._committed = committed
        self._groups = groups
        self._budget = BUDGET // max(1, share)
        self._unread: dict[tuple[str, int], deque[tuple[int, int]]] = {}
        self._bytes: dict[tuple[str, int], int] = {}

    async def admit(self, topic: str, partition: int, size: int) -> None:
        """Wait until `size` bytes fit (one message larger than the budget goes when nothing is unread)."""
        if self.fits(topic, partition, size):
            return
        pause = 0.002
        with self._waiting("readers"):
            while not await asyncio.to_thread(self.fits, topic, partition, size):
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 0.1)

    def admit_blocking(self, topic: str, partition: int, size: int, stop: threading.Event) -> None:
        """The same for a producer that has no event loop; raises `TransientError` when `stop` is set meanwhile."""
        pause = 0.002
        while not self.fits(topic, partition, size):
            if stop.wait(pause):
                raise TransientError("stopped while waiting for the readers", subject=topic)
            pause = min(pause * 1.5, 0.1)

    def sent(self, topic: str, partition: int, offset: int, size: int) -> None:
        """Count bytes as unread until every reading group has committed past `offset`."""
        if topic in self._groups:
            where = (topic, partition)
            self._unread.setdefault(where, deque()).append((offset, size))
            self._bytes[where] = self._bytes.get(where, 0) + size

    def fits(self, topic: str, partition: int, size: int) -> bool:
        """Whether `size` more bytes may go now."""
        groups = self._groups.get(topic)
        where = (topic, partition)
        if not groups or not self._bytes.get(where) or self._bytes[where] + size <= self._budget // 2:
            return True
        done = min(self._committed.offset(group, topic, partition) for group in groups)
        unread = self._unread[where]
        while unread and unread[0][0] < done:
            self._bytes[where] -= unread.popleft()[1]
        return self._bytes[where] == 0 or self._bytes[where] + size <= self._budget
