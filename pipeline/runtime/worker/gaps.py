"""Detects records that were lost before anyone read them, by their offsets.

Retention can overtake a consumer, and the embedded broker drops what does not fit.  Neither says so; the offsets do.
"""

from __future__ import annotations

from pipeline.stages.records import PartitionId


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
        expected = self._next.get(where, offset)
        self._next[where] = max(expected, offset + 1)
        return max(0, offset - expected)
