"""The embedded index: one SQLite file with full-text search, nothing to install.

One process writes; any number read.  Writing and reading have a thread and a connection each, so that the page answers
while a batch is being written.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.values import milliseconds
from pipeline.index.documents import sort_out
from pipeline.index.protocol import DeadLetter, Document, FieldCount, Page, PartField, Query, Volume, Written
from pipeline.index.sqlite import reading as read
from pipeline.index.sqlite import writing as writing
from pipeline.index.sqlite.schema import connect, explained

T = TypeVar("T")


class _Lane:
    """A thread with a connection of its own; what it is asked is done in order."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The answer of `work`; raises `TransientError` or `TerminalError`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with explained(self._path):
            if self._connection is None:
                self._connection = connect(self._path)
            return work(self._connection)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteIndex:
    """See `pipeline.index.protocol.Index`.  What is written is visible at once, in every process."""

    def __init__(self, path: Path) -> None:
        self._writer = _Lane(path, "index-write")
        self._reader = _Lane(path, "index-read")

    async def setup(self) -> None:
        await self._writer.do(lambda db: None)  # opening makes the tables

    async def write(self, documents: Sequence[Document]) -> Written:
        return await self._writer.do(lambda db: writing.write(db, sort_out(documents)))

    async def search(self, query: Query) -> Page:
        return await self._reader.do(lambda db: read.search(db, query))

    async def volume(self, query: Query, seconds: int) -> list[Volume]:
        return await self._reader.do(lambda db: read.volume(db, query, seconds))

    async def parts(self, query: Query, by: PartField, limit: int = 50) -> list[FieldCount]:
        return await self._reader.do(lambda db: read.parts(db, query, by, limit))

    async def entities(self, limit: int = 50) -> list[tuple[str, str, int]]:
        return await self._reader.do(lambda db: read.entities(db, limit))

    async def count(self) -> int:
        return await self._reader.do(read.count)

    async def existing(self, mention_ids: Sequence[str]) -> int:
        return await self._reader.do(lambda db: read.existing(db, mention_ids))

    async def incidents(self, *, open_only: bool = False, limit: int = 50) -> list[IncidentEvent]:
        return await self._reader.do(lambda db: read.incidents(db, open_only, limit))

    async def incident_history(self, incident_id: str, limit: int = 200) -> list[IncidentEvent]:
        return await self._reader.do(lambda db: read.incident_history(db, incident_id, limit))

    async def newest_events(self, incident_ids: Sequence[str]) -> list[IncidentEvent]:
        return await self._reader.do(lambda db: read.newest_events(db, incident_ids))

    async def events_of(self, entities: Sequence[str]) -> list[IncidentEvent]:
        return await self._reader.do(lambda db: read.events_of(db, entities))

    async def remembered(self, keys: Sequence[str]) -> set[str]:
        return await self._reader.do(lambda db: read.remembered(db, keys))

    async def dead_letters(self, *, stage: str | None = None, limit: int = 100) -> list[DeadLetter]:
        return await self._reader.do(lambda db: read.dead_letters(db, stage, limit))

    async def dead_letter_counts(self) -> dict[str, int]:
        return await self._reader.do(read.dead_letter_counts)

    async def refresh(self) -> None:
        """Nothing to do: a committed transaction is visible."""

    async def expire(self, before: datetime) -> int:
        return await self._writer.do(lambda db: writing.expire(db, milliseconds(before)))

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()
