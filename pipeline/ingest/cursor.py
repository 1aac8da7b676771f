"""Stores the position of each agent, safe against crashes and power cuts."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

from pipeline.errors import TerminalError


class CursorStore:
    """Positions by agent name, in SQLite.

    Guarantee: after `save` returns, the position survives the loss of the process and of power (WAL, synchronous
    FULL).  A position never goes back by `save`; `reset` sets it freely.  May be used from any thread.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file.  Raises `TerminalError` when that cannot be done."""
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS cursor (agent TEXT PRIMARY KEY, position INTEGER NOT NULL, saved_at REAL)"
                " WITHOUT ROWID"
            )
        except (sqlite3.Error, OSError) as error:
            raise self._failed(error) from error

    def get(self, agent: str) -> int | None:
        """The position of an agent, or None if it has never got anywhere."""
        row = self._run("SELECT position FROM cursor WHERE agent = ?", (agent,)).fetchone()
        return None if row is None else int(row[0])

    def save(self, agent: str, position: int) -> None:
        """Move an agent forward; a lower position than the stored one changes nothing."""
        self._run(
            "INSERT INTO cursor VALUES (?, ?, ?) ON CONFLICT (agent) DO UPDATE SET position = excluded.position,"
            " saved_at = excluded.saved_at WHERE excluded.position > position",
            (agent, position, time.time()),
        )

    def reset(self, agent: str, position: int | None) -> None:
        """Set a position by hand, also back; None forgets the agent, which then begins with what is new."""
        self._run("DELETE FROM cursor WHERE agent = ?", (agent,))
        if position is not None:
            self.save(agent, position)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> CursorStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, statement: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        try:
            with self._lock:
                return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> TerminalError:
        return TerminalError(str(error), subject=str(self._path), todo="Check the disk and the rights on the file")
