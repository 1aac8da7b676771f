"""State in a SQLite file, for the embedded broker, which is too small for a changelog."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import structlog

from pipeline.stages.state import Change

log = structlog.get_logger()


class SqliteStore:
    """One file a stage.  A batch of changes is one transaction: it survives the kill of the process."""

    def __init__(self, path: Path, identity: str = "") -> None:
        """`identity` tells the broker from others: state of another one is dropped, for its offsets mean nothing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")  # enough for a killed process; the broker goes with the machine
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, partition INTEGER NOT NULL,"
            " expires REAL NOT NULL, data BLOB NOT NULL) WITHOUT ROWID"
        )
        self._db.execute("CREATE INDEX IF NOT EXISTS state_expires ON state (expires) WHERE expires > 0")
        self._db.execute("CREATE TABLE IF NOT EXISTS source (identity TEXT NOT NULL)")
        if identity:
            self._belong_to(identity)

    def _belong_to(self, identity: str) -> None:
        before = self._db.execute("SELECT identity FROM source").fetchone()
        if before is not None and before[0] == identity:
            return
        self._db.execute("BEGIN")
        if before is not None:
            log.warning("the broker is another one: state begins anew", before=before[0], now=identity)
            self._db.execute("DELETE FROM state")
            self._db.execute("DELETE FROM source")
        self._db.execute("INSERT INTO source VALUES (?)", (identity,))
        self._db.execute("COMMIT")

    def read(self, partition: int, key: str) -> bytes | None:
        """The stored value of a key, or None."""
        row = self._db.execute("SELECT data FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def expired(self, now: float, limit: int) -> list[tuple[int, str]]:
        """At most `limit` (partition, key) that have expired."""
        rows = self._db.execute(
            "SELECT partition, key FROM state WHERE expires > 0 AND expires <= ? LIMIT ?", (now, limit)
        )
        return [(int(partition), str(key)) for partition, key in rows]

    async def write(self, changes: list[Change]) -> None:
        """All changes in one transaction."""
        await asyncio.to_thread(self._write, changes)

    def _write(self, changes: list[Change]) -> None:
        gone = [(c.key,) for c in changes if c.data is None]
        written = [(c.key, c.partition, c.expires, c.data) for c in changes if c.data is not None]
        self._db.execute("BEGIN")
        self._db.executemany("DELETE FROM state WHERE key = ?", gone)
        self._db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?)", written)
        self._db.execute("COMMIT")

    async def recover(self, partition: int) -> None:
        """Nothing to do: the file is the state."""

    async def verify(self, partition: int) -> None:
        """Nothing to do: no other worker has the file."""

    async def sweep(self) -> None:
        """Nothing to do: no other worker has the file."""

    def drop(self, partition: int) -> None:
        """Nothing to do: every worker reads the same file."""

    async def close(self) -> None:
        """Close the file."""
        self._db.close()
