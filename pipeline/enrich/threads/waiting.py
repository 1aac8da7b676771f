"""Queue of the replies that wait in a partition, which bounds and erases them.

The replies themselves lie in their threads (`orphans.py`), of which strangers can invent any number.  The queue knows
the threads and sizes of all, in the order in which they came.  Where they are too many or too large, the oldest go; of
the newest 32 one author has a quarter at most, the author's oldest going first.  What has waited too long goes as well.
A reply that goes stays what it was when it was read; it is only not published again.

It is stored in segments, so that a reply changes a small value: the newest, by the partition's name, and full ones by
their numbers.  Ids of posts hold no NUL (`pipeline/contracts/decode.py`), which these keys begin with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from pipeline.enrich.threads.orphans import WAIT
from pipeline.stages.records import Record
from pipeline.stages.state import State

MAX_BYTES = 8_000_000
"""Bytes of the posts of a partition that wait."""
SEGMENT = 32
"""Replies in a segment."""
MAX_SEGMENTS = 512
"""Full segments of a partition."""
SHARE = 8
"""Replies of one author in a segment that is not full."""
SHARE_BYTES = 65_536
"""Bytes of them together."""

LATE = 2.0 * WAIT
"""Seconds after which a reply has waited too long by any clock."""
GONE = 1.0
"""When a value that is empty expires, in seconds since 1970: at once."""
_AT_A_TIME = 2
"""Segments that go when a reply comes."""


class WaitingReply(msgspec.Struct, array_like=True):
    """A reply that waits: the key of its thread, the record it came from, hashes of its own id and its author's, its
    bytes, and when it arrived (seconds)."""

    root: str
    offset: int
    key: int
    author: int
    size: int
    arrived: float


class QueueSegment(msgspec.Struct, array_like=True):
    """Replies in the order in which they came.  The newest also knows the numbers of the full ones, from `first` to
    before `following`, and the bytes of all."""

    entries: list[WaitingReply] = []
    first: int = 0
    following: int = 0
    size: int = 0


class Removed(NamedTuple):
    """A reply that waits no longer, and why: too many of its author, too many of all, or too long."""

    entry: WaitingReply
    why: Literal["author", "partition", "late"]


class WaitingQueue:
    """The queue of the partition that a record lies on; reads and writes the stage's state."""

    def __init__(self, state: State, record: Record) -> None:
        self._state = state
        self._record = record
        self._key = key_of(record.partition)

    def add(self, entry: WaitingReply) -> list[Removed]:
        """Note a reply; gives those that have to go from their threads.  A record noted before changes nothing."""
        if self._state.absorbed(self._key, self._record):
            return []
        newest = self._segment(self._key)
        removed = self._beyond_share(newest, entry)
        newest.entries.append(entry)
        newest.size += entry.size
        removed += self._beyond_room(newest, entry.arrived)
        if len(newest.entries) >= SEGMENT:
            self._put(self._number(newest.following), QueueSegment(newest.entries))
            newest.entries, newest.following = [], newest.following + 1
        self._put(self._key, newest)
        return removed

    def erase(self, author: int) -> list[WaitingReply]:
        """Forget the replies of an author that were read before the record; gives them."""
        newest, erased = self._segment(self._key), list[WaitingReply]()
        for key, segment in [(self._key, newest), *self._full(newest)]:
            theirs = [e for e in segment.entries if e.author == author and e.offset < self._record.offset]
            if theirs:
                segment.entries = [e for e in segment.entries if e not in theirs]
                newest.size -= sum(e.size for e in theirs)
                self._put(key, segment)
                erased += theirs
        if erased:
            self._put(self._key, newest)
        return erased

    def _beyond_share(self, newest: QueueSegment, entry: WaitingReply) -> list[Removed]:
        """The author's oldest, as many as make room for another."""
        theirs = [e for e in newest.entries if e.author == entry.author]
        removed = []
        while theirs and (len(theirs) >= SHARE or sum(e.size for e in theirs) + entry.size > SHARE_BYTES):
            oldest = theirs.pop(0)
            newest.entries.remove(oldest)
            newest.size -= oldest.size
            removed.append(Removed(oldest, "author"))
        return removed

    def _beyond_room(self, newest: QueueSegment, now: float) -> list[Removed]:
        """The oldest segments where there are too many or too large ones, and what has waited too long."""
        removed: list[Removed] = []
        for _ in range(_AT_A_TIME):
            if newest.first == newest.following:
                late = [e for e in newest.entries if now - e.arrived > LATE]
                if late:
                    newest.entries = [e for e in newest.entries if e not in late]
            else:
                full = newest.size > MAX_BYTES or newest.following - newest.first > MAX_SEGMENTS
                oldest = self._segment(self._number(newest.first))
                if not full and oldest.entries and now - oldest.entries[-1].arrived <= LATE:
                    break
                late = oldest.entries
                self._state.put(self._number(newest.first), QueueSegment(), self._record, expires=GONE)
                newest.first += 1
            if not late:
                break
            newest.size -= sum(e.size for e in late)
            removed += [Removed(e, "late" if now - e.arrived > WAIT else "partition") for e in late]
        return removed

    def _full(self, newest: QueueSegment) -> Iterator[tuple[str, QueueSegment]]:
        for number in range(newest.first, newest.following):
            key = self._number(number)
            yield key, self._segment(key)

    def _number(self, number: int) -> str:
        return f"{self._key}/{number}"

    def _segment(self, key: str) -> QueueSegment:
        found = self._state.get(key, self._record)
        return found if isinstance(found, QueueSegment) else QueueSegment([])

    def _put(self, key: str, segment: QueueSegment) -> None:
        self._state.put(key, segment, self._record)


def key_of(partition: int) -> str:
    """The key of a partition's queue in the stage's state."""
    return f"\0waiting/{partition}"
