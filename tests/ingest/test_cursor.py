"""Cursors survive, and only go forward."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import TerminalError
from pipeline.ingest.cursor import CursorStore


def test_a_cursor_is_there_for_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "data" / "cursors.sqlite"
    with CursorStore(path) as store:
        assert store.get("bluesky") is None
        store.save("bluesky", 1_750_000_000_000_000)
        store.save("other", 5)
        with CursorStore(path) as second:
            assert second.get("bluesky") == 1_750_000_000_000_000
            assert second.get("other") == 5


def test_a_cursor_only_goes_forward_unless_reset(tmp_path: Path) -> None:
    with CursorStore(tmp_path / "c.sqlite") as store:
        store.save("a", 10)
        store.save("a", 9)
        assert store.get("a") == 10
        store.reset("a", 3)
        assert store.get("a") == 3
        store.reset("a", None)
        assert store.get("a") is None


def test_it_is_written_through_to_the_disk(tmp_path: Path) -> None:
    with CursorStore(tmp_path / "c.sqlite") as store:
        assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_file_that_is_no_database_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(TerminalError, match=r"c\.sqlite"):
        CursorStore(path)
    with CursorStore(tmp_path / "d.sqlite") as store:
        store._db.execute("DROP TABLE cursor")
        with pytest.raises(TerminalError, match=r"d\.sqlite"):
            store.get("a")
