"""State of a stage, one value a key, with the offsets that the value has absorbed.

A value and its offsets are written together, once per touched key per batch.  When a crash makes records come again, a
key that has absorbed them says so, and they are not counted twice.  Values expire by event time.
"""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple, Protocol

import msgspec

from pipeline.stages.records import Record


class StoredValue(msgspec.Struct, array_like=True):
    """A value as a store keeps it: per source partition the highest offset absorbed, when it expires (event-time
    seconds, 0 for never), the stage's own bytes."""

    absorbed: dict[int, int]
    expires: float
    value: bytes


class Change(NamedTuple):
    """A value to keep, or to forget (`data` None).  `partition` is the source partition that the key belongs to."""

    partition: int
    key: str
    expires: float
    data: bytes | None


class Store(Protocol):
    """Where values live: in memory, in SQLite, or in a Kafka changelog.

    Guarantee: after `write` returns, `read` gives the new values, also after a crash of this process (the one in
    memory excepted).  A batch of changes need not be atomic; each key is.
    """

    def read(self, partition: int, key: str) -> bytes | None: ...

    def expired(self, now: float, limit: int) -> list[tuple[int, str]]:
        """At most `limit` (partition, key) whose time to expire is past."""
        ...

    async def write(self, changes: list[Change]) -> None: ...

    async def recover(self, partition: int) -> None:
        """Make the values of a source partition readable; before its first record is handled."""
        ...

    async def verify(self, partition: int) -> None:
        """Return when no other worker had a partition in hand a moment ago; raises what ends this worker otherwise."""
        ...

    async def sweep(self) -> None:
        """Clear away what others have written late to the partitions in hand; raises as `verify` does."""
        ...

    def drop(self, partition: int) -> None:
        """Another worker has this partition now."""
        ...

    async def close(self) -> None: ...


class Codec(Protocol):
    """How a stage's state of one key becomes bytes and back; versioned by the stage."""

    def encode(self, value: Any) -> bytes: ...

    def decode(self, data: bytes) -> Any: ...


class _Cell:
    """A decoded value in hand."""

    __slots__ = ("absorbed", "expires", "partition", "value")

    def __init__(self, partition: int, value: Any = None, absorbed: dict[int, int] | None = None) -> None:
        self.partition = partition
        self.value = value
        self.absorbed = {} if absorbed is None else absorbed
        self.expires = 0.0


class State:
    """The decoded values of a stage, kept in step with a store.

    A stage changes an object in place and `put`s it; nothing reaches the store before `flush`.  At most `limit` values
    are kept decoded; the others are read from the store when they are asked for.
    """

    def __init__(self, store: Store, codec: Codec, limit: int = 50_000) -> None:
        self._store = store
        self._codec = codec
        self._limit = limit
        self._cells: dict[str, _Cell] = {}
        self._touched: dict[str, None] = {}
        self._unwritten: list[Change] = []

    def _cell(self, key: str, partition: int) -> _Cell:
        cell = self._cells.get(key)
        if cell is None:
            data = self._store.read(partition, key)
            cell = _Cell(partition)
            if data is not None:
                stored = msgspec.msgpack.decode(data, type=StoredValue)
                cell.value = self._codec.decode(stored.value)
                cell.absorbed, cell.expires = stored.absorbed, stored.expires
            self._cells[key] = cell
        return cell

    def absorbed(self, key: str, record: Record) -> bool:
        """Whether the value of this key has taken in this record already."""
        return record.offset <= self._cell(key, record.partition).absorbed.get(record.partition, -1)

    def get(self, key: str, record: Record) -> Any | None:
        """The value of a key of this record's partition, or None."""
        return self._cell(key, record.partition).value

    def put(self, key: str, value: Any, record: Record, *, expires: float = 0.0) -> None:
        """Keep a value that has now absorbed a record; `expires` in event-time seconds, 0 for never."""
        cell = self._cell(key, record.partition)
        cell.value = value
        cell.absorbed[record.partition] = record.offset
        cell.expires = expires
        self._touched[key] = None

    def value(self, partition: int, key: str) -> Any | None:
        """The value of a key of a partition, or None."""
        return self._cell(key, partition).value

    def amend(self, partition: int, key: str, value: Any) -> None:
        """Keep a value that has changed by itself: it has absorbed no further record, and expires as before."""
        self._cell(key, partition).value = value
        self._touched[key] = None

    async def flush(self, now: float) -> int:
        """Write every touched value once, in the order in which they were first touched, and forget what has expired at
        event time `now`; gives the number of changes.  When writing fails, the next call writes them, too."""
        changes = [*self._unwritten, *(self._change(key) for key in self._touched)]
        for partition, key in self._store.expired(now, limit=1_000):
            if key not in self._touched:
                self._cells.pop(key, None)
                changes.append(Change(partition, key, 0.0, None))
        self._touched.clear()
        self._unwritten = changes
        if changes:
            await self._store.write(changes)
        self._unwritten = []
        while len(self._cells) > self._limit:
            del self._cells[next(iter(self._cells))]
        return len(changes)

    def renewed(self) -> State:
        """Another one over the same store, with nothing in hand: a thread that still changes this one does no harm."""
        return State(self._store, self._codec, self._limit)

    def drop(self) -> None:
        """Let go of every decoded value, without writing (partitions went to another worker)."""
        self._cells.clear()
        self._touched.clear()
        self._unwritten = []

    def _change(self, key: str) -> Change:
        cell = self._cells[key]
        stored = StoredValue(cell.absorbed, cell.expires, self._codec.encode(cell.value))
        return Change(cell.partition, key, cell.expires, msgspec.msgpack.encode(stored))


class Expiry:
    """Keys by the time at which they expire: a heap that tolerates keys being given a new time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, str]] = []
        self._due: dict[str, float] = {}

    def set(self, partition: int, key: str, expires: float) -> None:
        """Note when a key expires; 0 for never."""
        if expires > 0.0:
            self._due[key] = expires
            heapq.heappush(self._heap, (expires, partition, key))
        else:
            self._due.pop(key, None)

    def past(self, now: float, limit: int) -> list[tuple[int, str]]:
        """Takes out at most `limit` keys that have expired at `now`."""
        out: list[tuple[int, str]] = []
        while self._heap and self._heap[0][0] <= now and len(out) < limit:
            expires, partition, key = heapq.heappop(self._heap)
            if self._due.get(key) == expires:
                del self._due[key]
                out.append((partition, key))
        return out


class MemoryStore:
    """Values of one process: for the file driver and for tests.  Keeps nothing across a crash."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}
        self._expiry = Expiry()

    def read(self, partition: int, key: str) -> bytes | None:
        return self._data.get(key)

    def expired(self, now: float, limit: int) -> list[tuple[int, str]]:
        return self._expiry.past(now, limit)

    async def write(self, changes: list[Change]) -> None:
        for partition, key, expires, data in changes:
            if data is None:
                self._data.pop(key, None)
            else:
                self._data[key] = data
                self._expiry.set(partition, key, expires)

    async def recover(self, partition: int) -> None:
        """Nothing to do."""

    async def verify(self, partition: int) -> None:
        """Nothing to do."""

    async def sweep(self) -> None:
        """Nothing to do."""

    def drop(self, partition: int) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""
