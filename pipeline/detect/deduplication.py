"""Deduplicates mentions that come again after a crash, by the raw record that led to them.

For each partition of the raw topic the detector keeps the highest position (`contracts/origin.py`) that has come on
its own partition; a message at or below it is a repeat.  That holds, whatever is killed when:

1. A worker reads a raw partition in order and publishes what comes of it in that order; of what goes to one partition
   of mentions, a message is sent only after those before it are delivered.  Merging raw partitions, holding back, and
   sending again after a fault keep the order within each of them.
2. It begins where all earlier records are committed, and a record is committed only when all that came of it was
   delivered.  So when a message is on a partition of mentions, all that precede it along its raw partition are there
   before it: that is true of every worker's own messages, and merging several such runs (a repeat, a worker that has
   lost its partition without knowing) keeps it.
3. So new messages come at rising positions, and what does not rise is a repeat.  The number within the record matters
   where a crash cut in between the messages of one record.

What comes for the first time under a lower position must be of another log: the topic was deleted and made anew, and
counts from 0.  Records are produced at some time, which their repeats share: what was produced later than anything of
that partition cannot be a repeat, however wrong the clocks, and the mark begins anew with it.  The other way
round, a message of a new log passes for a repeat while its position is below the mark and its record was produced no
later than the newest of the old log: only where a producer's clock ran ahead when the topic was deleted.

Records that are read again under another catalogue may lead to other mentions; these too count as seen.  A record that
failed and became a dead letter, and does not fail when it is read again, counts once the dead letter is replayed.

Messages without an origin (from other producers, from the dead letters, answers of the index) are known by their ids
alone, as are those of a raw partition that has been forgotten, and posts that a source hands over twice: those are two
raw records.
"""

from __future__ import annotations

from msgspec import Struct

from pipeline.contracts.origin import unpacked

PARTITIONS = 512
"""Raw partitions that are remembered; beyond, the one with the oldest news goes."""


class HighWaterMarks(Struct, array_like=True):
    """What a partition of mentions has had of the raw topic: by raw partition the highest position, and when the
    newest record was produced (milliseconds)."""

    marks: dict[int, tuple[int, int]] = {}

    def seen_or_mark(self, origin: bytes) -> bool:
        """Whether a message with this origin came before; if not, it has now."""
        partition, position, produced = unpacked(origin)
        marks = self.marks
        if partition in marks:
            highest, newest = marks[partition]
            if produced <= newest:
                if position <= highest:
                    return True
                produced = newest
        elif len(marks) >= PARTITIONS:
            del marks[min(marks, key=lambda known: marks[known][1])]
        marks[partition] = (position, produced)
        return False
