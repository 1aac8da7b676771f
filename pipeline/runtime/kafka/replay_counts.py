"""Counts what came of a replay on the topics: distinct mentions, incidents, dead letters.

It reads along as a consumer group of its own, so that the embedded broker drops nothing before it was counted, and
keeps what it has seen in a temporary SQLite file: the count is of distinct ids, in constant memory.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
from confluent_kafka import Consumer, TopicPartition

from pipeline.contracts.topics import DEAD_LETTERS, INCIDENTS, MENTIONS_SCORED
from pipeline.runtime.kafka.admin import Offsets
from pipeline.runtime.kafka.clients import confluent_options
from pipeline.settings.kafka import KafkaSettings


class _Seen(msgspec.Struct):
    """The little of a message that is counted."""

    type: str = ""
    mention_id: str = ""
    incident_id: str = ""


class OutcomeCounter:
    """Reads mentions, incidents and dead letters from where the topics ended at `start`, in a thread of its own."""

    def __init__(self, settings: KafkaSettings, group: str) -> None:
        self._settings = settings
        self._offsets = Offsets(settings)
        self._begin: dict[str, dict[int, int]] = {}
        self._read: dict[tuple[str, int], int] = {}
        self._decoder = msgspec.json.Decoder(_Seen)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counter", daemon=True)
        self._group = group
        self._file = tempfile.NamedTemporaryFile(suffix=".sqlite")  # noqa: SIM115 - lives as long as the counter
        self._db = sqlite3.connect(self._file.name, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("CREATE TABLE seen (kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID")
        self._lock = threading.Lock()
        self._failure: BaseException | None = None

    @property
    def topics(self) -> list[str]:
        """What it reads."""
        return [MENTIONS_SCORED.name, INCIDENTS.name, *(topic.name for topic in DEAD_LETTERS)]

    def start(self) -> None:
        """Note where the topics end now, and read on from there."""
        self._begin = {topic: self._offsets.ends(topic) for topic in self.topics}
        self._thread.start()

    def caught_up(self) -> bool:
        """Whether everything that is on the topics now has been counted."""
        if self._failure:
            raise self._failure
        for topic in self.topics:
            for partition, end in self._offsets.ends(topic).items():
                begin = self._begin[topic].get(partition, 0)
                if end > max(begin, self._read.get((topic, partition), 0)):
                    return False
        return True

    def wait(self) -> None:
        """Return when everything that is on the topics has been counted."""
        while not self.caught_up():
            time.sleep(0.1)

    def count(self, kind: str) -> int:
        """Distinct `mentions`, `incidents` or `dead_letters` seen."""
        with self._lock:
            row = self._db.execute("SELECT count(*) FROM seen WHERE kind = ?", (kind,)).fetchone()
        return int(row[0])

    def mention_ids(self, size: int = 1_000) -> Iterator[list[str]]:
        """The mentions seen, in chunks."""
        last = ""
        while True:
            with self._lock:
                rows = self._db.execute(
                    "SELECT id FROM seen WHERE kind = 'mentions' AND id > ? ORDER BY id LIMIT ?", (last, size)
                ).fetchall()
            if not rows:
                return
            yield [row[0] for row in rows]
            last = rows[-1][0]

    def close(self) -> None:
        """Stop reading and forget."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10.0)
        self._offsets.close()
        self._db.close()
        self._file.close()

    def _run(self) -> None:
        options = {
            **confluent_options(self._settings),
            "group.id": self._group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
        try:
            with closing(Consumer(options)) as consumer:
                assigned: set[tuple[str, int]] = set()
                refreshed = 0.0
                while not self._stop.is_set():
                    if time.monotonic() - refreshed > 0.5:
                        self._assign(consumer, assigned)
                        refreshed = time.monotonic()
                    records = consumer.consume(2_000, 0.25)
                    self._count([record for record in records if not record.error()])
                    if records:
                        consumer.commit(asynchronous=False)
        except BaseException as error:
            self._failure = error

    def _assign(self, consumer: Consumer, assigned: set[tuple[str, int]]) -> None:
        """Read partitions that have come into being since; the embedded broker makes topics when they are named."""
        found = {(topic, p) for topic in self.topics for p in self._offsets.ends(topic)} - assigned
        if not found:
            return
        new = [TopicPartition(t, p, self._begin[t].get(p, 0)) for t, p in sorted(found)]
        assigned |= found
        consumer.incremental_assign(new)

    def _count(self, records: list[Any]) -> None:
        rows = []
        for record in records:
            rows.append(self._row(record.topic(), record.value(), dict(record.headers() or ())))
            self._read[record.topic(), record.partition()] = record.offset() + 1
        with self._lock:
            self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", [row for row in rows if row])

    def _row(self, topic: str, value: bytes, headers: dict[str, bytes]) -> tuple[str, str] | None:
        if topic not in (MENTIONS_SCORED.name, INCIDENTS.name):
            where = (headers.get(name, b"?").decode() for name in ("stage", "topic", "partition", "offset"))
            return "dead_letters", "/".join(where)
        seen = self._decoder.decode(value)
        if topic == INCIDENTS.name:
            return "incidents", seen.incident_id
        return ("mentions", seen.mention_id) if seen.type == "mention" else None
