"""Stores positions, recent events, budgets and gaps of agents, safe against crashes."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.contracts.gaps import NetworkGap
from pipeline.errors import TerminalError

GAPS_STORED = 1_000
"""Newest gaps that are stored beside the positions, for `groundswell sources` and `doctor`."""

_TABLES = """
CREATE TABLE IF NOT EXISTS cursor (agent TEXT PRIMARY KEY, position INTEGER NOT NULL, saved_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (
    agent TEXT, stream TEXT, value TEXT NOT NULL, saved_at REAL NOT NULL, PRIMARY KEY (agent, stream)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent (network TEXT NOT NULL, saved_at REAL NOT NULL, identities BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS recent_by_age ON recent (network, saved_at);
CREATE TABLE IF NOT EXISTS spent (
    network TEXT, day TEXT, kind TEXT, amount REAL NOT NULL, PRIMARY KEY (network, day, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gap (gap_id TEXT PRIMARY KEY, noticed_at REAL NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hash_key (value BLOB NOT NULL);
INSERT OR IGNORE INTO position SELECT agent, '', CAST(position AS TEXT), COALESCE(saved_at, 0.0) FROM cursor;
"""
"""`cursor` is how versions up to 0.2.0 stored the only position that an agent had; it is read once, and left."""

_GAP = msgspec.json.Decoder(NetworkGap)


class StoredPosition(NamedTuple):
    """From where a stream goes on, and when that was stored (seconds since 1970)."""

    agent: str
    stream: str
    value: str
    saved_at: float


class CursorStore:
    """What agents must know after a crash, in SQLite.

    Guarantee: after `save` returns, all that it was given survives the loss of the process and of power, and none of it
    does without the rest (one transaction; WAL, synchronous FULL).  May be used from any thread.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file.  Raises `TerminalError` when that cannot be done."""
        self._path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise self._failed(error) from error

    def positions(self, agent: str) -> dict[str, str]:
        """Stream → position of an agent; empty if it has never got anywhere."""
        return dict(self._run("SELECT stream, value FROM position WHERE agent = ?", (agent,)).fetchall())

    def all_positions(self) -> list[StoredPosition]:
        """Those of every agent, by name."""
        rows = self._run("SELECT agent, stream, value, saved_at FROM position ORDER BY agent, stream", ())
        return [StoredPosition(*row) for row in rows.fetchall()]

    def save(
        self,
        agent: str,
        positions: Mapping[str, str],
        *,
        network: str = "",
        identities: bytes = b"",
        gaps: Sequence[NetworkGap] = (),
    ) -> None:
        """Store positions, the identities of what was delivered before them (eight bytes each) and gaps."""
        now = time.time()
        with self._transaction():
            self._many(
                "INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?)",
                ((agent, stream, value, now) for stream, value in positions.items()),
            )
            if identities:
                self._run("INSERT INTO recent VALUES (?, ?, ?)", (network, now, identities))
            for gap in gaps:
                record = (gap.gap_id, gap.noticed_at.timestamp(), msgspec.json.encode(gap))
                self._run("INSERT OR REPLACE INTO gap VALUES (?, ?, ?)", record)
                self._run(
                    "DELETE FROM gap WHERE gap_id IN"
                    " (SELECT gap_id FROM gap ORDER BY noticed_at DESC LIMIT -1 OFFSET ?)",
                    (GAPS_STORED,),
                )

    def reset(self, agent: str, position: str | None, stream: str = "") -> None:
        """Set a position by hand, also back; None forgets the stream, which then begins with what is new."""
        with self._transaction():
            self._run("DELETE FROM position WHERE agent = ? AND stream = ?", (agent, stream))
            self._run("DELETE FROM cursor WHERE agent = ?", (agent,))
        if position is not None:
            self.save(agent, {stream: position})

    def recent(self, network: str, since: float) -> list[tuple[float, bytes]]:
        """When identities were saved, and which, oldest first, of those saved at `since` or later."""
        rows = self._run(
            "SELECT saved_at, identities FROM recent WHERE network = ? AND saved_at >= ? ORDER BY saved_at",
            (network, since),
        )
        return [(float(at), bytes(identities)) for at, identities in rows.fetchall()]

    def forget_recent(self, network: str, before: float) -> None:
        """Let go of identities that were saved before a moment."""
        self._run("DELETE FROM recent WHERE network = ? AND saved_at < ?", (network, before))

    def hash_key(self) -> bytes:
        """The key of the identities, of this file alone."""
        with self._transaction():
            row = self._run("SELECT value FROM hash_key", ()).fetchone()
            if row is None:
                row = (secrets.token_bytes(16),)
                self._run("INSERT INTO hash_key VALUES (?)", row)
        return bytes(row[0])

    def gaps(self, since: float = 0.0) -> list[NetworkGap]:
        """Gaps noticed at `since` or later, oldest first."""
        rows = self._run("SELECT record FROM gap WHERE noticed_at >= ? ORDER BY noticed_at", (since,))
        return [_GAP.decode(row[0]) for row in rows.fetchall()]

    def spent(self, network: str, day: date) -> dict[str, float]:
        """What of each kind a network had cost on a day."""
        rows = self._run("SELECT kind, amount FROM spent WHERE network = ? AND day = ?", (network, day.isoformat()))
        return dict(rows.fetchall())

    def save_spent(self, network: str, day: date, kind: str, amount: float) -> None:
        """Store what a network has cost on a day; what other days cost is forgotten."""
        with self._transaction():
            self._run("DELETE FROM spent WHERE network = ? AND day < ?", (network, day.isoformat()))
            self._run("INSERT OR REPLACE INTO spent VALUES (?, ?, ?, ?)", (network, day.isoformat(), kind, amount))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> CursorStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Any:
        with self._lock:
            self._run("BEGIN IMMEDIATE", ())
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self._run("COMMIT", ())

    def _run(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            with self._lock:
                return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        try:
            self._db.executemany(statement, rows)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> TerminalError:
        return TerminalError(str(error), subject=str(self._path), todo="Check the disk and the rights on the file")
