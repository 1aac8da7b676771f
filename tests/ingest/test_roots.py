"""Posts that belong together come together, whatever the network calls their root."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.mentions import Mention
from pipeline.contracts.partitioning import partition_of
from pipeline.contracts.posts import Author, Post, PostDeleted
from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.ingest.formats.formats import reader_for
from pipeline.ingest.formats.lines import lines
from pipeline.ingest.formats.posts import PostsReader
from pipeline.ingest.history import history
from pipeline.ingest.publisher import key_of
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.roots import Roots
from pipeline.runtime.offline.analysis import InputRows, linked
from pipeline.settings.ingest import IngestSettings
from pipeline.settings.settings import load
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.support.scorers import FixedScorer

START = datetime(2026, 3, 1, tzinfo=UTC)


def said(
    name: str, text: str = "so true", kind: str = "post", parent: str | None = None, root: str | None = None
) -> Post:
    fields: dict[str, Any] = {"kind": kind, "parent_id": parent, "root_id": root}
    return Post(post_id=name, network="n", author=Author(f"n:{name}"), text=text, created_at=START, **fields)


def quote(name: str, of: str, text: str = "look at this") -> Post:
    """As Bluesky has it: the quoted post is the root."""
    return said(name, text, "quote", of, of)


THREAD = [
    said("top", "where is my parcel, Zorbexium"),
    said("answer", parent="top", root="top", kind="reply"),
    quote("quote", "answer"),
    said("below", parent="quote", root="quote", kind="reply"),
    said("lower", parent="below", root="quote", kind="reply"),
    quote("again", "lower"),
    said("shared", "", parent="again", root="again", kind="repost"),
    said("bare", parent="shared", kind="reply"),
]


def test_quotes_and_their_answers_get_the_root_of_the_thread() -> None:
    roots = Roots()
    assert [key_of(roots.resolved(post)) for post in THREAD] == [b"top"] * len(THREAD)


def test_a_deletion_follows_the_post_that_it_takes_back() -> None:
    roots = Roots()
    for post in THREAD:
        roots.resolved(post)
    gone = [PostDeleted(post_id=post.post_id, network="n", deleted_at=START, version=2) for post in THREAD]
    assert [key_of(roots.resolved(one)) for one in gone] == [b"top"] * len(THREAD)
    assert [key_of(Roots().resolved(one)) for one in gone] == [post.post_id.encode() for post in THREAD]


def test_a_chain_without_roots_is_one_thread() -> None:
    chain = [said("0"), *(said(str(n), parent=str(n - 1), kind="reply") for n in range(1, 30))]
    roots = Roots()
    assert {key_of(roots.resolved(post)) for post in chain} == {b"0"}


def test_all_of_them_inherit_through_real_partitions() -> None:
    roots = Roots()
    entity = Entity(id="z", name="Zorbexium")
    stage = Enrich(Linker(Catalogue(entities={"z": entity})), FixedScorer())
    state = State(MemoryStore(), stage.codec)
    records = []
    for offset, post in enumerate(THREAD):
        settled = roots.resolved(post)
        key = key_of(settled)
        records.append(Record("posts.raw.v1", partition_of(key, 12), offset, key, msgspec.json.encode(settled)))
    told = [msgspec.json.decode(o.value, type=Mention) for o in stage.handle(records, state).publish]
    assert [(m.post_id, m.depth) for m in told] == [(post.post_id, n) for n, post in enumerate(THREAD)]


def file_of(folder: Path) -> Path:
    path = folder / "posts.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(post) + b"\n" for post in THREAD))
    return path


def test_files_are_read_so(tmp_path: Path) -> None:
    reader, rejects = reader_for("posts", IngestSettings()), Rejects(tmp_path / "r.jsonl")
    heard = history([str(file_of(tmp_path))], reader, rejects)
    assert [key_of(one.message) for one in heard] == [b"top"] * len(THREAD)


@pytest.mark.parametrize("skip", [0, 3, 6])
def test_and_analyzed_so_also_when_a_run_goes_on(tmp_path: Path, skip: int) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("- {id: z, name: Zorbexium}\n", encoding="utf-8")
    settings = load(data=tmp_path, enrich={"catalogue": own}, model={"backend": "fixed"})
    with file_of(tmp_path).open("rb") as stream:
        pieces = list(linked(settings, InputRows(PostsReader().from_lines(lines(stream)), skip)))
    found = [json.loads(line) for piece in pieces for line in piece.output.splitlines()]
    assert [(m["post_id"], m["depth"]) for m in found] == [(p.post_id, n) for n, p in enumerate(THREAD)][skip:]


@pytest.mark.parametrize("odd", ['{"post_id":7}', '{"post_id":"a","text":"b","parent_id":[1]}', '{"root_id":{}}'])
def test_what_is_no_post_is_refused_all_the_same(tmp_path: Path, odd: str) -> None:
    told = InputRows(PostsReader().from_lines(lines(BytesIO(odd.encode() + b"\n"))))
    assert not any(piece.output for piece in linked(load(data=tmp_path, model={"backend": "fixed"}), told))
    assert told.bad == 1


def test_what_was_not_heard_before_stays_with_the_post_that_it_names() -> None:
    roots = Roots()
    early = quote("quote", "answer")
    assert roots.resolved(early) is early
    assert key_of(roots.resolved(THREAD[1])) == b"top"
    assert key_of(roots.resolved(THREAD[3])) == b"answer"  # it answers the early quote: they are together


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    roots = Roots(limit=100)
    for n in range(1_000):
        roots.resolved(said(f"a{n}", parent=f"t{n}", root=f"t{n}", kind="reply"))
    assert len(roots._roots) == 100
    assert key_of(roots.resolved(quote("q1", "a999"))) == b"t999"
    assert key_of(roots.resolved(quote("q2", "a5"))) == b"a5"


def test_what_is_heard_again_stays_what_it_was() -> None:
    roots = Roots()
    first = [roots.resolved(post) for post in THREAD]
    assert [roots.resolved(post) for post in first] == first
    assert [roots.resolved(post) for post in THREAD] == first


@pytest.mark.parametrize("message", [said("alone"), said("itself", root="itself"), said("x", parent="x", root="x")])
def test_what_refers_to_nothing_else_is_left_alone(message: Post) -> None:
    roots = Roots()
    assert roots.resolved(message) is message
    assert roots._roots == {}


def test_deletions_pass() -> None:
    gone = PostDeleted(post_id="a", network="n", deleted_at=START, version=2)
    assert Roots().resolved(gone) is gone


NAMES = st.sampled_from("abcde")


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, st.none() | NAMES), max_size=30), st.integers(1, 5))
def test_any_references_are_taken(posts: list[tuple[str, str | None, str | None]], limit: int) -> None:
    roots = Roots(limit)
    for name, parent, root in posts:
        settled = roots.resolved(said(name, parent=parent, root=root))
        assert isinstance(settled, Post)
        assert settled.root_id != name or root == name
        assert len(roots._roots) <= limit


def test_it_costs_little() -> None:
    import time

    rng, roots = random.Random(1), Roots()
    posts = [said(f"p{n}", parent=f"p{rng.randrange(n + 1)}", kind="reply") for n in range(20_000)]
    started = time.process_time()
    for post in posts:
        roots.resolved(post)
    assert (time.process_time() - started) / len(posts) < 50e-6
