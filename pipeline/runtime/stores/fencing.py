"""Fences a state log: what a worker writes that has lost its partition does not count.

A worker that takes a partition over appends a *claim*; the offset at which the broker puts it is the worker's *epoch*.
It writes each value under the key and its epoch, so that compaction, which retains the last record of a key, never lets
the record of one worker push out that of another.  Rules of reading, in the order of the log:

1.  A record whose writer's epoch is older than a claim before it is void, be it a value or a tombstone.
2.  Of several values of a key that count, the one of the highest epoch wins.

A value's writer is the epoch of its key; a tombstone may stand under an older epoch's key, so a header names its
writer.  Records of the time before claims (plain keys) have the epoch -1; of two such the one that absorbed more wins.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pipeline.stages.state import StoredValue

CLAIM = "\0claim/"
"""Beginning of the keys of claims; what follows makes each unique."""

ENDED = "\0ended"
"""Value under which a worker says that it will not write any more."""

WRITER = "writer"
"""Header of a tombstone: the epoch of its writer."""

BEFORE_CLAIMS = -1


class LogRecord(NamedTuple):
    """A record of a state log.  `writer`: what the header says, None where there is none."""

    offset: int
    key: str
    value: bytes | None
    writer: int | None = None


class Live(NamedTuple):
    """A value that counts, and the epoch under whose key it lies."""

    epoch: int
    data: bytes


class Recovered(NamedTuple):
    """What a state log says: the values that count, keys of records that nobody needs, and the claims by key."""

    values: dict[str, Live]
    void: set[str]
    claims: dict[str, int]

    def ended_in_order(self, mine: str) -> bool:
        """Whether whoever wrote before the claim `mine` has said that it ended: then nobody can write late."""
        before = max((offset for key, offset in self.claims.items() if key != mine), default=BEFORE_CLAIMS)
        ended = self.values.get(ENDED)
        return ended is not None and ended.epoch == before


def log_key(key: str, epoch: int) -> str:
    """The key of a value on the log."""
    return key if epoch == BEFORE_CLAIMS else f"{key}\0{epoch}"


def split(key: str) -> tuple[str, int]:
    """A value's own key, and the epoch."""
    name, found, epoch = key.rpartition("\0")
    return (name, int(epoch)) if found and epoch.isdigit() else (key, BEFORE_CLAIMS)


class LogFold:
    """Folds a log, from its first record to its last, by the rules of the module."""

    def __init__(self) -> None:
        self._newest = BEFORE_CLAIMS
        self._values: dict[str, dict[int, bytes]] = {}
        self._void: set[str] = set()
        self._claims: dict[str, int] = {}

    def add(self, record: LogRecord) -> None:
        """Take the next record in."""
        if record.key.startswith(CLAIM):
            self._add_claim(record)
            return
        key, epoch = split(record.key)
        writer = epoch if record.writer is None else record.writer
        if writer < self._newest:
            if record.value is not None:
                self._void.add(record.key)
        elif record.value is None:
            self._values.get(key, {}).pop(epoch, None)
            self._void.discard(record.key)
        elif epoch != BEFORE_CLAIMS or _absorbed_more(self._values.get(key, {}).get(epoch), record.value):
            self._values.setdefault(key, {})[epoch] = record.value

    def _add_claim(self, record: LogRecord) -> None:
        if record.value is None:
            self._claims.pop(record.key, None)
        else:
            self._claims[record.key] = self._newest = record.offset

    def recovered(self) -> Recovered:
        """What the log says; the fold is used up."""
        values, void = {}, self._void
        for key, by_epoch in self._values.items():
            if by_epoch:
                highest = max(by_epoch)
                values[key] = Live(highest, by_epoch.pop(highest))
                void |= {log_key(key, epoch) for epoch in by_epoch}
        void -= {log_key(key, live.epoch) for key, live in values.items()}
        return Recovered(values, void, self._claims)


def _absorbed_more(old: bytes | None, new: bytes) -> bool:
    return old is None or _reach(new) >= _reach(old)


def _reach(value: bytes) -> int:
    return sum(msgspec.msgpack.decode(value, type=StoredValue).absorbed.values())
