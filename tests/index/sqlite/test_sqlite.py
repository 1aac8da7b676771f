"""What is particular to the embedded index: its file, several processes, its errors."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import TerminalError, TransientError
from pipeline.index.load import open_index
from pipeline.index.protocol import Query
from pipeline.index.slow import SlowIndex
from pipeline.index.sqlite import schema
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.settings.index import IndexSettings
from pipeline.settings.settings import Settings
from tests.support.messages import mention, post_deleted


def _count(path: str) -> int:
    """Runs in another process."""
    connection = schema.connect(Path(path))
    return int(connection.execute("SELECT count(*) FROM mentions").fetchone()[0])


async def test_another_process_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    index = SqliteIndex(path)
    await index.write([mention(f"net:{n}") for n in range(100)])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_count, (str(path),)) == 100
    await index.close()


async def test_several_may_open_it_for_the_first_time_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever switches to WAL mode a moment later finds the file locked, and tries again."""
    path = tmp_path / "index.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    waited: list[float] = []

    def release(seconds: float) -> None:
        waited.append(seconds)
        if other.in_transaction:
            other.execute("ROLLBACK")

    monkeypatch.setattr(schema, "_WAIT_FOR_LOCK", 0.01)
    monkeypatch.setattr(time, "sleep", release)
    index = SqliteIndex(path)
    assert await index.count() == 0
    assert waited
    await index.close()
    other.close()


async def test_readers_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.sqlite")
    await index.write([mention()])
    other = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM mentions")
    assert await index.count() == 1
    other.execute("ROLLBACK")
    other.close()
    await index.close()


async def test_a_locked_file_is_transient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_BUSY_SECONDS", 0.05)
    index = SqliteIndex(tmp_path / "index.sqlite")
    await index.setup()
    other = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="another process"):
        await index.write([mention()])
    other.execute("ROLLBACK")
    other.close()
    await index.write([mention()])
    assert await index.count() == 1
    await index.close()


async def test_it_is_kept_across_a_restart(tmp_path: Path) -> None:
    first = SqliteIndex(tmp_path / "index.sqlite")
    await first.write([mention(), mention("net:2"), post_deleted("net:2")])
    await first.close()
    second = SqliteIndex(tmp_path / "index.sqlite")
    await second.write([mention("net:2")])
    assert [m.post_id for m in (await second.search(Query())).mentions] == ["net:1"]
    await second.close()


async def test_deleted_words_leave_no_trace_in_the_tables(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.sqlite")
    await index.write([mention(text="zyzzyva")])
    await index.write([post_deleted()])
    await index.close()
    db = sqlite3.connect(tmp_path / "index.sqlite")
    assert "zyzzyva" not in "\n".join(db.iterdump()).split("words_data")[0]
    db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    db.close()


@pytest.mark.parametrize("make", ["text", "version", "folder"])
async def test_a_file_that_is_no_index_of_ours(tmp_path: Path, make: str) -> None:
    path = tmp_path / "index.sqlite"
    if make == "text":
        path.write_text("just a note, long enough to be read as a header of a database file" * 20)
    elif make == "folder":
        path.mkdir()
    else:
        other = sqlite3.connect(path)
        other.execute("PRAGMA user_version=99")
        other.close()
    with pytest.raises(TerminalError, match=r"index\.sqlite"):
        await SqliteIndex(path).setup()


async def test_settings_choose_the_index(tmp_path: Path) -> None:
    index = open_index(Settings(data=tmp_path))
    assert isinstance(index, SqliteIndex)
    slow = open_index(Settings(data=tmp_path, index=IndexSettings(slow_seconds=0.01)))
    assert isinstance(slow, SlowIndex)
    await slow.write([mention()])
    assert await slow.count() == await index.count() == 1
    await slow.close()
    await index.close()


class TestNumbers:
    """A mention keeps its number, and none is given twice: the words of the full-text index stand under it."""

    def numbers(self, path: Path) -> dict[str, int]:
        with closing(sqlite3.connect(path)) as db:
            return dict(db.execute("SELECT mention_id, number FROM mentions"))

    async def test_the_newest_mention_edited_beside_a_new_one(self, tmp_path: Path) -> None:
        path = tmp_path / "index.sqlite"
        index = SqliteIndex(path)
        await index.write([mention("net:1")])
        await index.write([mention("net:1", "edited", version=2), mention("net:2")])
        assert self.numbers(path) == {"net:1|acme": 1, "net:2|acme": 2}
        await index.close()

    async def test_the_number_of_a_deleted_mention_is_not_given_again(self, tmp_path: Path) -> None:
        path = tmp_path / "index.sqlite"
        index = SqliteIndex(path)
        await index.write([mention("net:1"), mention("net:2")])
        await index.write([post_deleted("net:2")])
        await index.close()
        index = SqliteIndex(path)
        await index.write([mention("net:3")])
        assert self.numbers(path) == {"net:1|acme": 1, "net:3|acme": 3}
        await index.close()

    async def test_a_file_from_before_there_was_numbering(self, tmp_path: Path) -> None:
        path = tmp_path / "index.sqlite"
        index = SqliteIndex(path)
        await index.write([mention("net:1"), mention("net:2")])
        await index.close()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("DROP TABLE numbering")
        index = SqliteIndex(path)
        await index.write([mention("net:2", "edited", version=2), mention("net:3")])
        assert self.numbers(path) == {"net:1|acme": 1, "net:2|acme": 2, "net:3|acme": 3}
        await index.close()
