"""The embedded index's file: its tables, how it is opened, what its errors mean.

One process writes, several read: the file is in WAL mode, where readers see the last whole transaction and wait for
nobody.  Deleted mentions leave `mentions` altogether; what is left of them is a row in `tombstones`, without content.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import GroundswellError, TerminalError, TransientError

VERSION = 1
"""Raised when a table, or `searchable` of the query language, changes: the full-text index must have been built by the
same rules."""

_CHUNK = 500
"""Values in one `IN (…)`; SQLite allows 999 at least."""

_TABLES = """
CREATE TABLE mentions (
    number INTEGER PRIMARY KEY,
    mention_id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,      -- milliseconds since 1970
    version INTEGER NOT NULL,
    entity_id TEXT NOT NULL,
    entity_name TEXT NOT NULL,
    network TEXT NOT NULL,
    label TEXT NOT NULL,
    post_id TEXT NOT NULL,
    author_key TEXT NOT NULL,
    doc BLOB NOT NULL              -- the mention as JSON
);
CREATE INDEX mentions_by_time ON mentions (created);
CREATE INDEX mentions_by_entity ON mentions (entity_id, created);
CREATE INDEX mentions_by_post ON mentions (post_id);
CREATE INDEX mentions_by_author ON mentions (author_key);
CREATE VIRTUAL TABLE words USING fts5(
    text, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co So'"
);
CREATE TABLE tombstones (
    mention_id TEXT PRIMARY KEY,
    post_id TEXT NOT NULL,
    author_key TEXT,
    entity_id TEXT NOT NULL,
    entity_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tombstones_by_post ON tombstones (post_id);
CREATE INDEX tombstones_by_author ON tombstones (author_key) WHERE author_key IS NOT NULL;
CREATE TABLE gone (key TEXT PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE incidents (
    incident_id TEXT PRIMARY KEY, at INTEGER NOT NULL, open INTEGER NOT NULL, doc BLOB NOT NULL
);
CREATE INDEX incidents_by_time ON incidents (at);
CREATE TABLE history (event_id TEXT PRIMARY KEY, incident_id TEXT NOT NULL, at INTEGER NOT NULL, doc BLOB NOT NULL);
CREATE INDEX history_by_incident ON history (incident_id, at);
CREATE TABLE letters (
    letter_id TEXT PRIMARY KEY, stage TEXT NOT NULL, code TEXT NOT NULL, first_seen INTEGER NOT NULL,
    replayed INTEGER NOT NULL, doc BLOB NOT NULL
);
CREATE INDEX letters_by_time ON letters (first_seen);
CREATE INDEX letters_by_stage ON letters (stage, code);
"""

_NUMBERING = "CREATE TABLE IF NOT EXISTS numbering (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL)"
"""The largest number that a mention ever had, in a row 1.  Files from before there was one get it when opened."""

_BUSY_SECONDS = 10.0
_WAIT_FOR_LOCK = 1.0
_CACHE_KIB = 32_000
_CHECKPOINT_PAGES = 10_000


def extracted(path: str) -> str:
    """SQL for a field of the stored JSON, by its path.  Indices are used only by the very same expression.

    >>> extracted("author.handle")
    "json_extract(CAST(m.doc AS TEXT), '$.author.handle')"
    """
    return f"json_extract(CAST(m.doc AS TEXT), '$.{path}')"


HANDLE, LANGUAGE, THREAD = extracted("author.handle"), extracted("lang"), extracted("root_id")
_ADDED = (
    # What most queries filter and count by, in the order of numbers: a mention is appended, and words join it in order.
    f"mentions_facets ON mentions (number, created, entity_id, label, network, {LANGUAGE})",
    f"mentions_by_thread ON mentions ({THREAD})",
    f"mentions_by_handle ON mentions ({HANDLE} COLLATE NOCASE)",
)
"""Indices that files of before do not have; they get them when opened, some ten seconds for a million mentions."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the index, making it when there is none.

    Raises `TransientError` when it is locked for too long, `TerminalError` when it is of another version or no index.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_WAIT_FOR_LOCK, isolation_level=None, check_same_thread=False)
        _switch_to_wal(connection)
        connection.execute(f"PRAGMA busy_timeout={int(_BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA synchronous=NORMAL")  # survives a crash of the process; fsync at checkpoints
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        # A fifth less work than with SQLite's 1,000 pages: random ids touch the same pages batch after batch.
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA journal_size_limit=67108864")
        connection.execute("PRAGMA temp_store=MEMORY")
        _make_tables(connection, path)
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Turn on WAL mode.  SQLite does not wait for another process that is doing the same at the very first start."""
    patience = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > patience:
                raise
            time.sleep(0.02)


def _make_tables(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) == 0:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) == 0:  # nobody else was quicker
                for statement in filter(str.strip, _TABLES.split(";\n")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    if _version(connection) != VERSION:
        raise TerminalError(
            f"was written by another version of Groundswell (layout {_version(connection)}, this one has {VERSION})",
            subject=str(path),
            todo="Move the file away and replay the topics or files",
        )
    connection.execute(_NUMBERING)
    for index in _ADDED:
        connection.execute(f"CREATE INDEX IF NOT EXISTS {index.replace('m.doc', 'doc')}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite and the file system raise into errors that say what to do."""
    try:
        yield
    except GroundswellError:
        raise
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise TransientError(f"another process holds the index ({text})", subject=str(path)) from error
        if "full" in text or "disk I/O" in text:
            raise TransientError(text, subject=str(path), todo="Make room on the disk") from error
        raise TerminalError(text, subject=str(path), todo="Check that the folder is there and writable") from error
    except sqlite3.DatabaseError as error:
        raise TerminalError(
            f"is not a usable index ({error})", subject=str(path), todo="Move the file away and replay the topics"
        ) from error
    except OSError as error:
        raise TerminalError(str(error), subject=str(path), todo="Check the folder's permissions") from error


def among(db: sqlite3.Connection, select: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of a SELECT that ends in ``WHERE column``, for a column that is one of the values."""
    wanted: Sequence[str] = list(values)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        yield from db.execute(f"{select} IN ({','.join('?' * len(chunk))})", chunk).fetchall()
