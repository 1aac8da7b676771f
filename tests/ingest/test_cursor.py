"""Positions survive, together with what they belong to."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.contracts.gaps import NetworkGap
from pipeline.errors import TerminalError
from pipeline.ingest.cursor import GAPS_STORED, CursorStore

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def gap(number: int) -> NetworkGap:
    since = NOON + timedelta(hours=number)
    return NetworkGap(
        gap_id=f"test:{number}", network="test", agent="test", since=since, until=since + timedelta(minutes=5),
        reason="too_old", noticed_at=since + timedelta(days=2),
    )  # fmt: skip


def test_positions_are_there_for_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "data" / "cursors.sqlite"
    with CursorStore(path) as store:
        assert store.positions("feeds") == {}
        store.save("feeds", {"https://a.example/": "v1", "https://b.example/": "v1"})
        store.save("feeds", {"https://a.example/": "v2"})
        store.save("bluesky", {"": "17"})
        with CursorStore(path) as second:
            assert second.positions("feeds") == {"https://a.example/": "v2", "https://b.example/": "v1"}
            assert [(row.agent, row.value) for row in second.all_positions()] == [
                ("bluesky", "17"), ("feeds", "v2"), ("feeds", "v1"),
            ]  # fmt: skip


def test_a_position_can_be_set_by_hand(tmp_path: Path) -> None:
    with CursorStore(tmp_path / "c.sqlite") as store:
        store.save("a", {"": "10", "other": "1"})
        store.reset("a", "3")
        assert store.positions("a") == {"": "3", "other": "1"}
        store.reset("a", None)
        assert store.positions("a") == {"other": "1"}


def test_a_file_of_version_0_2_is_read(tmp_path: Path) -> None:
    """Its table, as it was made then: one whole number for each agent."""
    path = tmp_path / "cursors.sqlite"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE cursor (agent TEXT PRIMARY KEY, position INTEGER NOT NULL, saved_at REAL) WITHOUT ROWID")
    old.execute("INSERT INTO cursor VALUES ('bluesky', 1750000000000000, 1750000001.5)")
    old.commit()
    old.close()
    with CursorStore(path) as store:
        assert store.positions("bluesky") == {"": "1750000000000000"}
        store.save("bluesky", {"": "1750000000000001"})
    with CursorStore(path) as store:
        assert store.positions("bluesky") == {"": "1750000000000001"}, "the old value does not come back"


def test_gaps_are_listed_and_the_oldest_go(tmp_path: Path) -> None:
    with CursorStore(tmp_path / "c.sqlite") as store:
        store.save("test", {}, gaps=[gap(number) for number in range(GAPS_STORED + 5)])
        stored = store.gaps()
        assert len(stored) == GAPS_STORED
        assert stored[0] == gap(5)
        assert store.gaps(since=gap(GAPS_STORED + 3).noticed_at.timestamp()) == [
            gap(GAPS_STORED + 3),
            gap(GAPS_STORED + 4),
        ]


def test_what_was_spent_is_of_its_day(tmp_path: Path) -> None:
    with CursorStore(tmp_path / "c.sqlite") as store:
        store.save_spent("test", date(2026, 3, 14), "requests", 5.0)
        store.save_spent("test", date(2026, 3, 14), "posts", 7.0)
        assert store.spent("test", date(2026, 3, 14)) == {"requests": 5.0, "posts": 7.0}
        store.save_spent("test", date(2026, 3, 15), "requests", 1.0)
        assert store.spent("test", date(2026, 3, 14)) == {}


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
        store._db.execute("DROP TABLE position")
        with pytest.raises(TerminalError, match=r"d\.sqlite"):
            store.positions("a")
