"""Merges partitions in the order of arrival.

Kafka keeps order within a partition only.  A consumer that catches up reads one partition hours ahead of another, and
what it publishes is then out of order in event time.  This holds records back until no earlier one can come: each
assigned partition has either something in hand or nothing left to read (the rule that Kafka Streams calls stream-time
synchronisation).  What producers have sent but the broker not yet shown is allowed for by a short pause, counted from
when a record was produced.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from pipeline.stages.records import PartitionId, Record

E = TypeVar("E")


class ArrivalMerge(Generic[E]):
    """Holds records (each with the driver's own handle) and releases them by `arrived`.

    Guarantees: order within a partition is kept; a partition that the broker says has more, but which gives nothing for
    `patience` seconds, is no longer waited for, nor are more than `limit` records or `most_bytes` held: then they go in
    the best order known, and `forced` counts them.
    """

    def __init__(
        self, pause: float = 0.3, patience: float = 2.0, limit: int = 50_000, most_bytes: int = 64_000_000
    ) -> None:
        self._pause = pause
        self._patience = patience
        self._limit = limit
        self._most_bytes = most_bytes
        self._bytes = 0
        self._held: dict[PartitionId, deque[tuple[Record, E]]] = {}
        self._size = 0
        self._waiting_since: float | None = None
        self._given_up: set[PartitionId] = set()
        self.forced = 0

    def __len__(self) -> int:
        return self._size

    def push(self, items: Iterable[tuple[Record, E]]) -> None:
        """Take in records, in the order in which each partition gave them."""
        for item in items:
            record = item[0]
            where = (record.topic, record.partition)
            self._held.setdefault(where, deque()).append(item)
            self._given_up.discard(where)
            self._size += 1
            self._bytes += len(record.value or b"")

    @property
    def full(self) -> bool:
        """Whether so much is in hand that it goes in whatever order is known."""
        return self._size >= self._limit or self._bytes >= self._most_bytes

    def clear(self) -> list[E]:
        """Forget everything in hand, and give its handles: the partitions are being handed round."""
        out = [handle for queue in self._held.values() for _, handle in queue]
        self._held.clear()
        self._given_up.clear()
        self._size = self._bytes = 0
        self._waiting_since = None
        return out

    def pop(
        self, limit: int, now: float, pending: Callable[[PartitionId], bool], assigned: Iterable[PartitionId]
    ) -> list[E]:
        """The handles of at most `limit` records that may go now, in order of arrival.

        `pending` says whether the broker has more of a partition than what is in hand; `now` is wall-clock seconds.
        """
        if not self._size:
            self._waiting_since = None
            return []
        behind = {where for where in assigned if not self._held.get(where) and pending(where)} - self._given_up
        if behind and not self.full:
            self._waiting_since = self._waiting_since or now
            if now - self._waiting_since < self._patience:
                return []
            self._given_up |= behind  # until it gives something: one silent partition must not stop the others
        out = self._release(limit, now, () if behind else assigned, pending)
        self.forced += len(out) if behind else 0
        self._waiting_since = None if out else self._waiting_since
        return out

    def _release(
        self, limit: int, now: float, assigned: Iterable[PartitionId], pending: Callable[[PartitionId], bool]
    ) -> list[E]:
        """Pop by arrival until the limit, a record too fresh, or a partition that ran empty with more to come."""
        watched = {where for where in assigned if pending(where)} - self._given_up
        heads = [(queue[0][0].arrived, where) for where, queue in self._held.items() if queue]
        heapq.heapify(heads)
        fresh = now if self.full else now - self._pause  # produced after this and before now: still too fresh to go
        out: list[E] = []
        while heads and len(out) < limit:
            where = heads[0][1]
            queue = self._held[where]
            record, handle = queue[0]
            if fresh < record.timestamp <= now:
                break
            queue.popleft()
            self._bytes -= len(record.value or b"")
            out.append(handle)
            if queue:
                heapq.heapreplace(heads, (queue[0][0].arrived, where))
            elif where in watched:
                break
            else:
                heapq.heappop(heads)
        self._size -= len(out)
        return out
