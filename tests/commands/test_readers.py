"""`analyze`, `replay` and `backtest` read a file alike: the same posts, the same defaults, the same words."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import structlog
from typer.testing import CliRunner, Result

from pipeline.commands import context
from pipeline.commands.main import app
from pipeline.commands.streaming import replay_run
from pipeline.contracts.posts import Post, RawMessage
from pipeline.errors import TerminalError
from pipeline.ingest.formats.posts import PostsReader
from pipeline.ingest.formats.row import Row
from pipeline.ingest.formats.twcs import TwcsReader

FULL = {"type": "post", "post_id": "twitter:1", "network": "twitter", "author": {"id": "twitter:a"},
        "text": "@Microsoft lost my files", "created_at": "2026-01-31T12:00:00Z"}  # fmt: skip
TWCS = (
    "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
    "1,115712,True,Tue Oct 31 22:10:47 +0000 2017,@Microsoft lost my files,,\n"
)
IDS = ["twitter:cc39daacb52a9bd158de5ec0", "twitter:a832b6df772296ea394c92b9"]


class Outcome(NamedTuple):
    """What a command read, and what it said to a person."""

    posts: list[Post]
    said: str
    rejects: list[dict[str, object]]


Command = Callable[[Path, list[str]], Outcome]


class MemoryPublisher:
    """A publisher whose broker has everything at once."""

    def __init__(self, *_: object, **__: object) -> None:
        self.safe = 0

    def __enter__(self) -> MemoryPublisher:
        return self

    def __exit__(self, *_: object) -> None: ...

    def publish(self, message: RawMessage, *, arrived: float) -> int:
        self.safe += 1
        return self.safe

    def delivered(self) -> int:
        return self.safe

    def flush(self, seconds: float | None = None) -> None: ...


@pytest.fixture(params=["analyze", "replay", "backtest"])
def command(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Each of the commands as a person calls it; the posts are noted as the reader hands them over."""
    monkeypatch.setattr(context, "_flags", {})
    monkeypatch.setattr(replay_run, "RawPublisher", MemoryPublisher)
    name, data, posts = request.param, tmp_path / "data", list[Post]()
    for reader in (PostsReader, TwcsReader):
        monkeypatch.setattr(reader, "read", _noting(reader, posts))

    def invoke(file: Path, flags: list[str]) -> Outcome:
        settings = [f"data={data}", "model.backend=fixed", "kafka.bootstrap=localhost:1"]
        sets = [part for setting in settings for part in ("--set", setting)]
        if name == "backtest":
            flags = [*flags, "--out", str(tmp_path / "report.html")]
        done: Result = CliRunner().invoke(app, [*sets, name, str(file), *flags], catch_exceptions=False)
        stored = [json.loads(line) for path in data.glob("rejects/*.jsonl") for line in path.read_text().splitlines()]
        return Outcome(posts, done.stderr, stored)

    yield invoke
    structlog.reset_defaults()


def _noting(reader: type[PostsReader] | type[TwcsReader], posts: list[Post]) -> Callable[..., Iterator[Row]]:
    read: Any = reader.read

    def noted(self: object, stream: io.BufferedReader, path: str) -> Iterator[Row]:
        for row in read(self, stream, path):
            if isinstance(row.read, Post):
                posts.append(msgspec.structs.replace(row.read))
            yield row

    return noted


def test_only_id_and_text_are_needed_and_what_was_filled_in_is_said_once(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    texts = [{"post_id": f"p{n}", "text": "@Microsoft lost my files"} for n in range(3)]
    file.write_text("".join(json.dumps(post) + "\n" for post in texts))
    found = command(file, [])
    assert [post.post_id for post in found.posts] == ["p0", "p1", "p2"]
    assert {post.network for post in found.posts} == {"twitter"}
    assert len({post.author.id for post in found.posts}) == 3
    assert found.said.count("3 posts name no network: taken as twitter, so that @handles link") == 1
    assert not found.rejects


def test_the_network_is_that_of_the_post_its_id_or_the_option(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    posts = [{**FULL, "network": "x"}, {"post_id": "bluesky:1", "text": "a"}, {"post_id": "https://x.y/1", "text": "a"}]
    file.write_text("".join(json.dumps(post) + "\n" for post in posts))
    assert [post.network for post in command(file, []).posts] == ["x", "bluesky", "twitter"]


def test_the_option_names_the_network(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text('{"post_id":"p1","text":"a"}\n')
    found = command(file, ["--network", "reddit"])
    assert [post.network for post in found.posts] == ["reddit"]
    assert "no network" not in found.said


def test_a_table_without_ids_gets_the_same_ones_every_time(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text,created_at\nsame,2026-01-31T12:00:00Z\nsame,2026-01-31T12:00:00Z\n")
    found = command(file, [])
    assert [post.post_id for post in found.posts] == IDS
    assert found.said.count("2 posts have no id: made from the content and position of the row") == 1


def test_rejects_are_summed_up_by_reason(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    good = json.dumps(FULL) + "\n"
    file.write_text(good + "not json\n" * 40 + '{"post_id":"p1"}\n' * 2 + good)
    found = command(file, [])
    lines = [line for line in found.said.splitlines() if "rejected as" in line]
    assert [line.split(" at ")[0] for line in lines] == [
        "40 rejected as not_json, first", "2 rejected as missing_field, first",
    ]  # fmt: skip
    assert " line 2: " in lines[0]
    assert " line 42: " in lines[1]
    assert "Publish one JSON object a record" in lines[0]
    assert "all 42 are in" in found.said
    assert len(found.rejects) == 42
    assert len(found.said.splitlines()) <= 8


def test_the_format_is_seen_from_how_the_file_begins(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "support.csv"
    file.write_text(TWCS)
    assert [post.post_id for post in command(file, []).posts] == ["twitter:1"]


def test_a_table_of_something_else_is_an_error_with_its_columns(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(TerminalError, match="lacks the column text; it has a, b"):
        command(file, [])
