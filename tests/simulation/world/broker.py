"""A broker in memory: topics of partitions, offsets, committed offsets, compaction and retention.

It refuses what is over a topic's limit, keeps what it has acknowledged, and forgets only when it is asked to compact or
to retain; which records it ever had stays in `Log.everything`, for the checker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from aiokafka.errors import MessageSizeTooLargeError

from pipeline.contracts.topics import ALL, Topic

PARTITIONS = 3
OVERHEAD = 70
"""About what a record costs besides key, value and headers, in bytes."""

Where = tuple[str, int]
Headers = tuple[tuple[str, bytes], ...]


class Stored(NamedTuple):
    """A record on a partition; `timestamp` is when the broker took it, in wall-clock seconds."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: float

    @property
    def size(self) -> int:
        """Bytes as the broker counts them."""
        return message_size(self.key, self.value, self.headers)


def message_size(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """Bytes of a record, its frame included."""
    body = len(key or b"") + len(value or b"") + OVERHEAD
    return body + sum(len(name) + len(data) + 2 for name, data in headers)


class Log:
    """One partition: what lies on it, in order, and everything that ever did."""

    def __init__(self) -> None:
        self.records: list[Stored] = []
        self.everything: list[Stored] = []
        self.end = 0

    @property
    def start(self) -> int:
        """The first offset that can still be read."""
        return self.records[0].offset if self.records else self.end

    def since(self, offset: int, most: int) -> list[Stored]:
        """At most so many records from an offset on."""
        low, high = 0, len(self.records)
        while low < high:
            middle = (low + high) // 2
            if self.records[middle].offset < offset:
                low = middle + 1
            else:
                high = middle
        return self.records[low : low + most]


class Broker:
    """See the module.  `clock` gives wall-clock seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._topics: dict[str, Topic] = {topic.name: topic for topic in ALL}
        self._logs: dict[str, list[Log]] = {name: [Log() for _ in range(PARTITIONS)] for name in self._topics}
        self._committed: dict[tuple[str, Where], int] = {}
        self.appended: list[Callable[[Where], None]] = []
        """Called with the place of every append: readers wait for news by it."""

    def log(self, where: Where) -> Log:
        """One partition."""
        topic, partition = where
        return self._logs[topic][partition]

    def everything(self, topic: str) -> list[tuple[int, Stored]]:
        """(partition, record) of all that a topic ever had, a partition at a time."""
        return [(number, record) for number, log in enumerate(self._logs[topic]) for record in log.everything]

    def present(self, topic: str) -> list[Stored]:
        """What lies on a topic now."""
        return [record for log in self._logs[topic] for record in log.records]

    def append(self, where: Where, messages: Sequence[tuple[bytes | None, bytes | None, Headers]]) -> int:
        """Take a batch, whole; gives the offset of its first record.  Raises `MessageSizeTooLargeError`."""
        topic = self._topics[where[0]]
        if any(message_size(*message) > topic.max_message_bytes for message in messages):
            raise MessageSizeTooLargeError(f"over {topic.max_message_bytes:,} bytes")
        log, now = self.log(where), self._clock()
        first = log.end
        new = [Stored(first + number, *message, now) for number, message in enumerate(messages)]
        log.records += new
        log.everything += new
        log.end += len(new)
        for notify in list(self.appended):
            notify(where)
        return first

    def commit(self, group: str, offsets: dict[Where, int]) -> None:
        """Note how far a group has come."""
        for where, offset in offsets.items():
            self._committed[group, where] = offset

    def committed(self, group: str, where: Where) -> int | None:
        """How far a group has come; None where it never committed."""
        return self._committed.get((group, where))

    def compact(self, *, at_once: bool = False) -> None:
        """On compacted topics keep the newest record of each key, tombstones too; the last record always stays, and so
        does what is younger than the topic's time for readers that are behind, unless all is to go `at_once`."""
        for name, topic in self._topics.items():
            before = self._clock() - (0.0 if at_once else topic.uncompacted_days * 86_400.0)
            for log in self._logs[name] if topic.compacted else ():
                newest = {record.key: record.offset for record in log.records}
                log.records = [
                    record for record in log.records if newest[record.key] == record.offset or record.timestamp > before
                ]

    def remove(self, where: Where, before: float) -> list[Stored]:
        """Forget a partition's records of before a time (wall-clock seconds), read or not; gives them."""
        log = self.log(where)
        gone = [record for record in log.records if record.timestamp < before]
        log.records = log.records[len(gone) :]
        return gone

    def retain(self, readers: Mapping[str, Sequence[str]]) -> None:
        """On the other topics forget what every group (`readers`: topic → groups) has committed past."""
        for name, topic in self._topics.items():
            if topic.compacted or name not in readers:
                continue
            for number, log in enumerate(self._logs[name]):
                done = min(self.committed(group, (name, number)) or 0 for group in readers[name])
                log.records = [record for record in log.records if record.offset >= done]
