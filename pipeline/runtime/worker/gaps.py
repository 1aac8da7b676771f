"""Detects records that were lost before anyone read them, by their offsets.

Retention can overtake a consumer, and the embedded broker drops what does not fit.  Neither says so; the offsets do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import structlog

from pipeline.observability.metrics import Metrics
from pipeline.stages.records import PartitionId

log = structlog.get_logger()


class GapWatch:
    """Follows the offsets of each partition and counts those that never came."""

    def __init__(self) -> None:
        self._next: dict[PartitionId, int] = {}

    def knows(self, where: PartitionId) -> bool:
        """Whether reading of this partition has begun."""
        return where in self._next

    def start(self, where: PartitionId, offset: int | None) -> None:
        """Reading begins at this committed offset; None where nothing was committed (it begins where it may)."""
        if offset is not None:
            self._next[where] = offset

    def see(self, where: PartitionId, offset: int) -> int:
        """A record came; gives how many before it did not (0 for none; records that come again are no gap)."""
        lost = self.skip(where, offset)
        self._next[where] = max(self._next[where], offset + 1)
        return lost

    def skip(self, where: PartitionId, offset: int) -> int:
        """The broker has nothing before this offset any more; gives how many records that should have come."""
        expected = self._next.get(where, offset)
        self._next[where] = max(expected, offset)
        return max(0, offset - expected)


class LostRecords:
    """Counts and logs what a worker should have read and never will, and knows where its partitions begin now.

    Guarantees: what was lost is counted once that is certain, never less; again by a worker that has the partition
    next, unless something after it was committed.  Where a group never committed it begins where it may, and nothing of
    what was before counts as lost; nor does what compaction removes (`compacted`: topics).
    """

    def __init__(
        self, stage: str, metrics: Metrics, compacted: Collection[str], committed: Callable[[PartitionId], int | None]
    ) -> None:
        """`committed`: how far the group has come on a partition."""
        self._stage = stage
        self._metrics = metrics
        self._compacted = compacted
        self._committed = committed
        self.forget()

    def forget(self) -> None:
        """Partitions are handed round."""
        self._gaps = GapWatch()
        self._starts: dict[PartitionId, int] = {}
        self._asked: dict[PartitionId, int] = {}

    def start(self, where: PartitionId) -> int:
        """The first offset that the broker still has, as far as is certain."""
        return self._starts.get(where, 0)

    def came(self, where: PartitionId, offset: int) -> None:
        """A record came: count those that should have come before it."""
        if self._counts(where):
            self._report(where, self._gaps.see(where, offset), offset)

    def begins(self, starts: Mapping[PartitionId, int]) -> None:
        """The broker has nothing before these offsets: count what was not read, which no later record may ever show.

        What holds at two askings counts: a worker that was put out of its group meanwhile has learnt so in between, and
        what the next one has read is not lost.
        """
        for where, start in starts.items():
            before = self._asked.get(where)
            self._asked[where] = start
            if before is None:
                continue
            self._starts[where] = before
            if self._counts(where):
                self._report(where, self._gaps.skip(where, before), before)

    def _counts(self, where: PartitionId) -> bool:
        if where[0] in self._compacted:
            return False
        if not self._gaps.knows(where):
            self._gaps.start(where, self._committed(where))
        return True

    def _report(self, where: PartitionId, lost: int, next_offset: int) -> None:
        if lost:
            self._metrics.gap_records.labels(self._stage, where[0]).inc(lost)
            log.error(
                "records lost before they were read", stage=self._stage, topic=where[0], partition=where[1], lost=lost,
                next_offset=next_offset, todo="Raise the retention of the topic, or add workers",
            )  # fmt: skip
