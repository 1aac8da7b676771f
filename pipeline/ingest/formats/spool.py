"""Sorts posts by time on disk, and finds the root of every thread, in constant memory.

Rows go into a temporary SQLite file and come out in the order of their times.  A post that names the post it answers,
but no root, gets the topmost post that can be reached by following the answers; if that one answers a post that is not
in the files, the root is the missing post, so that all its answers still stand together.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.contracts.posts import AuthorDeleted, Post, PostDeleted, RawMessage
from pipeline.errors import TerminalError

MAX_DEPTH = 10_000
"""Answers followed upwards; a deeper thread is cut there."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_BATCH = 1_000
_KNOWN_ROOTS = 100_000
_decoder = msgspec.json.Decoder(RawMessage)
_encode = msgspec.json.Encoder().encode


class Spooled(NamedTuple):
    """A message with the place it was read from."""

    message: RawMessage
    source: int
    line: int


class Spool:
    """A sorter: `add` everything, then iterate once over `sorted`.  Deletes its file on `close`."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` must have room for the files in full; the system's temporary one when None."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="groundswell-spool-", dir=folder)
        self._db = sqlite3.connect(Path(self._folder.name) / "spool.sqlite", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16000", "temp_store=FILE"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(
            "CREATE TABLE row (n INTEGER PRIMARY KEY, at INTEGER, id TEXT, parent TEXT, source INTEGER, line INTEGER,"
            " data BLOB)"
        )
        self._pending: list[tuple[int, str, str | None, int, int, bytes]] = []
        self._roots: OrderedDict[str, str] = OrderedDict()

    def add(self, message: RawMessage, source: int, line: int) -> None:
        """Take in one message.  Raises `TerminalError` when the disk is full."""
        self._pending.append((microseconds(message), *_names(message), source, line, _encode(message)))
        if len(self._pending) >= _BATCH:
            self._write()

    def sorted(self) -> Iterator[Spooled]:
        """Every message by time, equal times in the order of reading, roots filled in."""
        self._write()
        self._run("CREATE INDEX row_at ON row (at, n)")
        self._run("CREATE INDEX row_id ON row (id, n, parent)")
        for data, source, line in self._run("SELECT data, source, line FROM row ORDER BY at, n"):
            message = _decoder.decode(data)
            if isinstance(message, Post) and message.parent_id is not None and message.root_id is None:
                message.root_id = self._root(message.post_id)
            elif isinstance(message, PostDeleted) and message.root_id is None:
                root = self._root(message.post_id)
                message.root_id = None if root == message.post_id else root
            yield Spooled(message, source, line)

    def close(self) -> None:
        """Remove the file."""
        self._db.close()
        self._folder.cleanup()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self) -> None:
        try:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO row (at, id, parent, source, line, data) VALUES (?, ?, ?, ?, ?, ?)", self._pending
            )
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise _no_room(error, self._folder.name) from error
        self._pending.clear()

    def _run(self, statement: str) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement)
        except sqlite3.Error as error:
            raise _no_room(error, self._folder.name) from error

    def _root(self, post_id: str) -> str:
        """The root of a post's thread.  A circle of answers has its smallest id as the root."""
        path: list[str] = []
        seen: set[str] = set()
        at = post_id
        while at not in self._roots and at not in seen and len(path) < MAX_DEPTH:
            path.append(at)
            seen.add(at)
            found = self._db.execute("SELECT parent FROM row WHERE id = ? ORDER BY n LIMIT 1", (at,)).fetchone()
            if found is None or found[0] is None:
                break
            at = found[0]
        root = self._roots.get(at) or (min(path[path.index(at) :]) if at in seen and at != path[-1] else at)
        for known in path:
            self._roots[known] = root
        while len(self._roots) > _KNOWN_ROOTS:
            self._roots.popitem(last=False)
        return root


def microseconds(message: RawMessage) -> int:
    """When a message happened, in microseconds since 1970."""
    when = message.created_at if isinstance(message, Post) else message.deleted_at
    return (when - EPOCH) // timedelta(microseconds=1)


def _names(message: RawMessage) -> tuple[str, str | None]:
    """The id of a post and of the one that it answers; deletions take no part in threads."""
    if isinstance(message, Post):
        return message.post_id, message.parent_id
    return ("", None) if isinstance(message, AuthorDeleted) else (f"deleted {message.post_id}", None)


def _no_room(error: sqlite3.Error, folder: str) -> TerminalError:
    return TerminalError(str(error), subject=folder, todo="Sorting needs as much free disk as the files are large")
