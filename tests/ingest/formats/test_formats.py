"""Every layout of files, and that a bad row costs itself only."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.contracts.decode import MAX_BYTES
from pipeline.contracts.posts import Post, PostDeleted
from pipeline.errors import Malformed, SettingsError, TerminalError
from pipeline.ingest.formats.formats import reader_for
from pipeline.ingest.formats.lines import open_source
from pipeline.ingest.formats.mapped import MappedReader
from pipeline.ingest.formats.row import FormatReader, Row
from pipeline.settings.ingest import FormatSettings, IngestSettings
from tests.ingest.conftest import post

TWCS_HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
POSTS_HEADER = "post_id,network,author_id,author_followers,text,created_at,rating,remark\n"


def rows(path: Path | str, reader: FormatReader) -> list[Row]:
    with open_source(str(path)) as stream:
        return list(reader.read(stream, str(path)))


def format_of(name: str) -> FormatReader:
    return reader_for(name, IngestSettings())


def codes(found: list[Row]) -> list[str]:
    return [row.read.code if isinstance(row.read, Malformed) else "ok" for row in found]


def test_posts_from_json_lines(tmp_path: Path) -> None:
    gone = PostDeleted(post_id="test:1", network="test", deleted_at=datetime(2026, 2, 1, tzinfo=UTC), version=2)
    path = tmp_path / "posts.jsonl"
    path.write_bytes(msgspec.json.encode(post(1)) + b"\n\n" + msgspec.json.encode(gone))
    found = rows(path, format_of("posts"))
    assert [row.read for row in found] == [post(1), gone]
    assert [row.line for row in found] == [1, 3]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"this is no JSON", "not_json"),
        (b"[1, 2]", "wrong_type"),
        (b'{"type":"post","post_id":"test:1"}', "missing_field"),
        (b'{"type":"letter"}', "unknown_type"),
        (b"\xff\xfe{}", "not_json"),
        (msgspec.json.encode(post(1)).replace(b"parcel", b"\xc3\x28"), "not_utf8"),
        (msgspec.json.encode(post(1)).replace(b"parcel", b"\\ud800"), "lone_surrogate"),
        (msgspec.json.encode(post(1)).replace(b"parcel", b"\\u0000"), "nul_character"),
        (msgspec.json.encode(post(1)).replace(b"2026-01-31", b"2999-01-31"), "future_date"),
        (msgspec.json.encode(post(1, text="x" * 100_001)), "too_long"),
        (b'{"a":' * 20_000, "too_deep"),
        (b'{"x":"' + b"x" * (MAX_BYTES + 5) + b'"}', "too_large"),
    ],
)
def test_bad_json_lines_say_why(tmp_path: Path, line: bytes, code: str) -> None:
    path = tmp_path / "posts.jsonl"
    good = msgspec.json.encode(post(7))
    path.write_bytes(b"\n".join([good, line, good]))
    found = rows(path, format_of("posts"))
    assert codes(found) == ["ok", code, "ok"]
    assert line.startswith(found[1].original.rstrip(b"\n"))
    assert len(str(found[1].read)) > 10


def test_posts_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        "\ufeff"
        + POSTS_HEADER
        + 'test:1,test,test:a,12,"Late, again\nand ""nobody"" cares",2026-01-31T12:00:00Z,1.5,ignored\n'
        + "test:2,test,test:b,,Fine,2026-01-31T13:00:00+01:00,,\n"
        + "test:3,test,test:b,many,Fine,2026-01-31T12:00:00Z,,\n"
        + "test:4,test,,,Fine,2026-01-31T12:00:00Z,,\n"
        + "test:5,test,test:b,,Fine,yesterday,,\n",
        encoding="utf-8",
    )
    found = rows(path, format_of("posts"))
    assert codes(found) == ["ok", "ok", "wrong_type", "missing_field", "bad_time"]
    first, second = found[0].read, found[1].read
    assert isinstance(first, Post)
    assert first.text == 'Late, again\nand "nobody" cares'
    assert (first.author.followers, first.rating) == (12, 1.5)
    assert isinstance(second, Post)
    assert second.created_at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert second.author.followers is None
    assert [row.line for row in found] == [2, 4, 5, 6, 7]


@pytest.mark.parametrize("name", ["posts.jsonl.gz", "posts.bin"])
def test_compressed_files_are_recognised_by_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(msgspec.json.encode(post(1)) + b"\n"))
    assert [row.read for row in rows(path, format_of("posts"))] == [post(1)]


def test_a_damaged_compressed_file_gives_what_it_can_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl.gz"
    whole = b"".join(msgspec.json.encode(post(n, text=f"{n * 7919}")) + b"\n" for n in range(5_000))
    path.write_bytes(gzip.compress(whole)[:-2_000])
    got: list[Row] = []
    with pytest.raises(TerminalError, match="damaged after line"), open_source(str(path)) as stream:
        got.extend(format_of("posts").read(stream, str(path)))
    assert len(got) > 1_000
    assert set(codes(got)) == {"ok"}


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BufferedReader(io.BytesIO(msgspec.json.encode(post(1))))

    monkeypatch.setattr("sys.stdin", Stdin)
    assert [row.read for row in rows("-", format_of("posts"))] == [post(1)]


@pytest.mark.parametrize("content", [b"", b"a,b,c\n1,2,3\n", b"\xff\xfea\x00,\x00"])
def test_a_file_of_another_layout_is_an_error_not_a_heap_of_rejects(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(content)
    with pytest.raises(TerminalError, match=r"posts\.csv"):
        rows(path, format_of("twcs"))


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TerminalError):
            rows(path, format_of("posts"))


def test_twcs(tmp_path: Path) -> None:
    path = tmp_path / "support.csv"
    path.write_text(
        TWCS_HEADER
        + '2,115712,True,Tue Oct 31 22:11:45 +0000 2017,"@acme nothing works, at all",,1.0\n'
        + "1,acme,False,Tue Oct 31 22:10:47 +0000 2017,@115712 sorry to hear,2,3.0\n"
        + "3,115712,True,Tue Oct 31 22:08:27 +0100 2017,@acme hello?,1,\n"
    )
    found = [row.read for row in rows(path, format_of("twcs"))]
    customer, company, first = found
    assert isinstance(customer, Post)
    assert isinstance(company, Post)
    assert isinstance(first, Post)
    assert (customer.post_id, customer.parent_id, customer.kind) == ("twitter:2", "twitter:1", "reply")
    assert (customer.author.id, customer.author.handle, customer.network) == ("twitter:115712", None, "twitter")
    assert (company.author.id, company.author.handle) == ("twitter:acme", "acme")
    assert (first.kind, first.parent_id) == ("post", None)
    assert first.created_at == datetime(2017, 10, 31, 21, 8, 27, tzinfo=UTC)


def test_bad_rows_of_a_table_cost_themselves_only(tmp_path: Path) -> None:
    good = "1,2,True,Tue Oct 31 22:10:47 +0000 2017,all is well,,\n"
    bad = [
        "too,few\n",
        good.replace("True", "perhaps"),
        good.replace("Tue Oct 31", "Some day"),
        good.replace("1,2", "one,2"),
        good.replace("1,2", "1,two words"),
        good.replace("all", "a\x00ll"),
        good.replace("all", "x" * 100_001),
        good.replace("all", "x" * 140_000),
        good.replace("all", "x" * (MAX_BYTES + 100)),
        good.replace("all is well", '"an open quote'),
    ]
    path = tmp_path / "support.csv"
    body = "".join(line + good for line in bad)
    path.write_bytes(
        (TWCS_HEADER + good + body).encode() + good.replace("all", "\udcff").encode(errors="surrogateescape")
    )
    found = rows(path, format_of("twcs"))
    expected = ["wrong_columns", "wrong_value", "bad_time", "wrong_value", "wrong_value", "nul_character", "too_long"]
    expected += ["bad_csv", "bad_csv", "wrong_columns"]
    assert codes(found) == ["ok", *(code for bad in expected for code in (bad, "ok")), "not_utf8"]
    assert found[-3].original.decode() == bad[-1]


MAPPING: dict[str, Any] = {
    "network": "helpdesk",
    "time": "%d/%m/%Y %H:%M",
    "time_zone": "Europe/Berlin",
    "delimiter": ";",
    "columns": {
        "post_id": "ticket",
        "author_id": "customer.id",
        "text": "body",
        "created_at": "opened",
        "parent_id": "answers",
        "rating": "stars",
    },
}


def test_a_mapped_table(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "ticket;customer.id;body;opened;answers;stars;other\n"
        "7;c1;Broken; on arrival;31/01/2026 13:00;;;\n"
        "8;c1;Broken on arrival;31/01/2026 13:00;;2;x\n"
        "9;c2;Same here;31/01/2026 13:01;8;;x\n"
        "10;c2;Same here;2026-01-31;8;;x\n"
    )
    found = rows(path, MappedReader("helpdesk", FormatSettings(**MAPPING)))
    assert codes(found) == ["wrong_columns", "ok", "ok", "bad_time"]
    first, second = found[1].read, found[2].read
    assert isinstance(first, Post)
    assert isinstance(second, Post)
    assert (first.post_id, first.author.id, first.rating, first.kind) == ("helpdesk:8", "helpdesk:c1", 2.0, "post")
    assert first.created_at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert (second.parent_id, second.kind) == ("helpdesk:8", "reply")


def test_mapped_json_reaches_into_objects(tmp_path: Path) -> None:
    settings = FormatSettings(**{**MAPPING, "time": "unix_ms"})
    good = {"ticket": 8, "customer": {"id": "c1"}, "body": "Broken", "opened": 1769860800000}
    cases: list[Any] = [good, {**good, "customer": 3}, {**good, "ticket": [1]}, {**good, "opened": "x"}, {}, []]
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(json.dumps(case) for case in cases))
    found = rows(path, MappedReader("helpdesk", settings))
    assert codes(found) == ["ok", "missing_field", "wrong_type", "bad_time", "bad_time", "wrong_type"]
    assert isinstance(found[0].read, Post)
    assert found[0].read.created_at == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_formats_by_name() -> None:
    settings = IngestSettings(formats={"mine": FormatSettings(**MAPPING)})
    assert reader_for("mine", settings).name == "mine"
    with pytest.raises(SettingsError, match="posts, twcs, mine"):
        reader_for("other", settings)
    with pytest.raises(ValueError, match="built-in"):
        IngestSettings(formats={"posts": FormatSettings(**MAPPING)})
    with pytest.raises(ValueError, match="time zone"):
        FormatSettings(**{**MAPPING, "time_zone": "Mars/Olympus"})
