"""Order, arrival times and thread roots of files."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pipeline.contracts.posts import AuthorDeleted, Post, RawMessage
from pipeline.ingest.formats.formats import reader_for
from pipeline.ingest.formats.spool import Spool, microseconds
from pipeline.ingest.history import Arrival, history
from pipeline.ingest.rejects import Rejects, counted
from pipeline.settings.ingest import IngestSettings
from tests.ingest.conftest import post

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def spooled(messages: list[RawMessage]) -> list[RawMessage]:
    with Spool() as spool:
        for line, message in enumerate(messages):
            spool.add(message, 0, line)
        return [row.message for row in spool.sorted()]


def roots(messages: list[RawMessage]) -> dict[str, str | None]:
    return {m.post_id: m.root_id for m in spooled(messages) if isinstance(m, Post)}


def test_the_spool_sorts_by_time_and_keeps_order_among_equals() -> None:
    posts: list[RawMessage] = [post(n, created_at=START + timedelta(seconds=n // 3)) for n in range(3_000)]
    shuffled = posts.copy()
    random.Random(1).shuffle(shuffled)
    out = spooled(shuffled)
    assert [microseconds(m) for m in out] == [microseconds(m) for m in posts]
    assert spooled(posts) == posts


def test_roots_are_found_by_following_the_answers() -> None:
    gone = AuthorDeleted(author_id="test:a", network="test", deleted_at=START)
    thread: list[RawMessage] = [gone, post(1)]
    thread += [post(n, parent_id=f"test:{n - 1}", created_at=START - timedelta(hours=n)) for n in range(2, 50)]
    found = roots(thread)
    assert found.pop("test:1") is None
    assert set(found.values()) == {"test:1"}


def test_a_missing_parent_becomes_the_root_of_all_its_answers() -> None:
    found = roots([post(1, parent_id="test:0"), post(2, parent_id="test:1"), post(3, parent_id="test:0")])
    assert found == {"test:1": "test:0", "test:2": "test:0", "test:3": "test:0"}


def test_circles_have_one_root_whatever_the_order() -> None:
    ring: list[RawMessage] = [post(n, parent_id=f"test:{n % 5 + 1}") for n in range(1, 6)]
    ring += [post(6, parent_id="test:3"), post(7, parent_id="test:7")]
    for seed in range(5):
        random.Random(seed).shuffle(ring)
        found = roots(ring)
        assert found.pop("test:7") == "test:7"
        assert set(found.values()) == {"test:1"}


def test_a_root_that_is_given_stays() -> None:
    assert roots([post(2, parent_id="test:1", root_id="test:0")]) == {"test:2": "test:0"}


def test_the_spool_leaves_nothing_behind(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.add(post(1), 0, 1)
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def heard(tmp_path: Path, messages: list[RawMessage]) -> list[Arrival]:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"\n".join(msgspec.json.encode(message) for message in messages))
    return list(history([str(path)], reader_for("posts", IngestSettings()), Rejects(tmp_path / "rejects.jsonl")))


def test_arrival_is_strictly_increasing_and_the_ingestion_time(tmp_path: Path) -> None:
    messages: list[RawMessage] = [post(1, created_at=START), post(2, created_at=START), post(3, created_at=START)]
    messages += [post(4, created_at=START - timedelta(days=1)), post(5, created_at=START + timedelta(seconds=1))]
    out = heard(tmp_path, messages)
    arrivals = [item.message.ingested_at for item in out if isinstance(item.message, Post)]
    assert arrivals == [
        START,
        *(START + timedelta(microseconds=n) for n in (1, 2, 3)),
        START + timedelta(seconds=1),
    ]
    assert [f"{item.arrived:.6f}" for item in out][:2] == ["1769860800.000000", "1769860800.000001"]


def test_a_post_that_says_when_it_was_heard_is_believed(tmp_path: Path) -> None:
    late = START + timedelta(hours=3)
    out = heard(tmp_path, [post(1, created_at=START, ingested_at=late), post(2, created_at=START)])
    assert [item.arrived for item in out] == pytest.approx([late.timestamp(), late.timestamp()], abs=1e-5)


def test_rejects_keep_place_reason_and_text(tmp_path: Path) -> None:
    path = tmp_path / "support.csv"
    path.write_bytes(
        b"tweet_id,author_id,inbound,created_at,text,in_response_to_tweet_id\n"
        b"1,2,True,Tue Oct 31 22:10:47 +0000 2017,fine,\n"
        b"2,2,True,Tue Oct 31 22:10:47 +0000 2999,from the future,\n"
        b"3,2,True,Tue Oct 31 22:10:47 +0000 2017,caf\xe9,\n"
    )
    rejects = Rejects(tmp_path / "kept" / "rejects.jsonl")
    out = list(history([str(path)], reader_for("twcs", IngestSettings()), rejects))
    assert [item.message.post_id for item in out if isinstance(item.message, Post)] == ["twitter:1"]
    entries = [json.loads(line) for line in rejects.path.read_text().splitlines()]
    assert [(e["source"], e["line"], e["code"]) for e in entries] == [
        (str(path), 3, "future_date"),
        (str(path), 4, "not_utf8"),
    ]
    assert "2999-10-31" in entries[0]["reason"]
    assert entries[1]["original"].endswith("caf\\xe9,")
    assert rejects.counts == {"future_date": 1, "not_utf8": 1}


def test_a_full_rejects_file_still_counts(tmp_path: Path) -> None:
    from pipeline.errors import Malformed

    rejects = Rejects(tmp_path / "rejects.jsonl", max_bytes=1_000)
    for line in range(50):
        rejects.add("x", line, Malformed("not_json", "no"), b"y" * 100)
    rejects.close()
    assert rejects.total == 50
    assert 0 < rejects.path.stat().st_size <= 1_000


def test_a_flood_of_one_reason_leaves_room_for_the_others_also_after_a_restart(tmp_path: Path) -> None:
    from pipeline.errors import Malformed

    path, refused = tmp_path / "rejects.jsonl", list[str]()
    for _ in range(2):
        with Rejects(path, max_bytes=20_000, on_not_stored=refused.append) as rejects:
            for line in range(200):
                rejects.add("x", line, Malformed("not_json", "no"), b"y" * 100)
    with Rejects(path, max_bytes=20_000) as rejects:
        for line in range(10):
            rejects.add("x", line, Malformed("too_long", "no"), b"z" * 100)
    stored = Counter(json.loads(line)["code"] for line in path.read_text().splitlines())
    assert stored["too_long"] == 10
    assert stored["not_json"] + len(refused) == 400
    assert path.stat().st_size < 20_000
    assert counted(tmp_path / "rejects.jsonl.not-stored.json") == {"not_json": len(refused)}
    assert not rejects.not_stored


def test_the_same_files_give_the_same_stream(tmp_path: Path) -> None:
    names = []
    for part in range(2):
        path = tmp_path / f"part{part}.csv"
        path.write_text(
            "tweet_id,author_id,inbound,created_at,text,in_response_to_tweet_id\n"
            + "".join(
                f"{n},{n % 5},True,Tue Oct 31 22:{n % 7:02d}:{n % 60:02d} +0000 2017,text,{n - 3 if n > 9 else ''}\n"
                for n in range(part, 400, 2)
            )
        )
        names.append(str(path))
    runs = [
        list(history(names, reader_for("twcs", IngestSettings()), Rejects(tmp_path / "r.jsonl"), spool_folder=tmp_path))
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    arrivals = [item.arrived for item in runs[0]]
    assert len(arrivals) == 400
    assert arrivals == sorted(set(arrivals))
