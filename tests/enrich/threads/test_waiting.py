"""Replies that wait: erased with their post and their author, replaced by edits, and bounded over all threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from pipeline.contracts.headers import COPY
from pipeline.contracts.mentions import ScoredMessage
from pipeline.contracts.posts import Author, AuthorDeleted, Post, PostDeleted
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.enrich.threads import waiting
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import START, post, records, reply
from tests.support.scorers import FixedScorer

DECODER = msgspec.json.Decoder(ScoredMessage)
PARENT = post(1, "@Delta lost my bag")
SECRET = "secretive words"


@pytest.fixture
def stage(linker: Linker) -> Enrich:
    return Enrich(linker, FixedScorer())


def run(stage: Enrich, batch: Sequence[Record], state: State) -> list[Any]:
    result = stage.handle(batch, state)
    assert result.rejected == []
    return [DECODER.decode(outgoing.value) for outgoing in result.publish]


def gone(post_id: str, root: str | None = None, version: int = 9) -> PostDeleted:
    return PostDeleted(post_id=post_id, network="twitter", deleted_at=START, version=version, root_id=root)


def author_gone(author_id: str) -> AuthorDeleted:
    return AuthorDeleted(author_id=author_id, network="twitter", deleted_at=START)


async def stored(state: State, store: MemoryStore) -> bytes:
    """All that is stored."""
    await state.flush(0.0)
    return b"".join(store._data.values())


async def test_a_deleted_reply_is_not_published_when_its_parent_comes(stage: Enrich) -> None:
    store = MemoryStore()
    state = State(store, stage.codec)
    waits = [reply(2, SECRET, 1, 1), reply(3, "me too", 1, 1)]
    run(stage, records([*waits, gone("twitter:2", "twitter:1")]), state)
    assert SECRET.encode() not in await stored(state, store)
    brought = run(stage, records([PARENT], 10), State(store, stage.codec))
    assert [m.post_id for m in brought] == ["twitter:1", "twitter:3"]


async def test_a_late_old_deletion_leaves_the_newer_edit_waiting(stage: Enrich) -> None:
    state = State(MemoryStore(), stage.codec)
    run(stage, records([reply(2, "me too", 1, 1, version=7), gone("twitter:2", "twitter:1", version=5)]), state)
    assert [m.post_id for m in run(stage, records([PARENT], 10), state)] == ["twitter:1", "twitter:2"]


async def test_an_edit_replaces_what_waits(stage: Enrich) -> None:
    store = MemoryStore()
    state = State(store, stage.codec)
    run(stage, records([reply(2, SECRET, 1, 1), reply(2, "they are bad", 1, 1, version=2)]), state)
    assert SECRET.encode() not in await stored(state, store)
    assert [m.text for m in run(stage, records([PARENT], 10), state)] == [PARENT.text, "they are bad"]


@pytest.mark.parametrize("threads", [1, 3, 400])
async def test_what_waits_is_erased_with_its_author(stage: Enrich, threads: int) -> None:
    """Over all threads of the partition, however many wait."""
    store, author = MemoryStore(), Author("twitter:gone", "gone")
    state = State(store, stage.codec)
    answers = [(5 + 10 * n, 5 + 10 * n) for n in range(1, threads + 1)]
    theirs = [reply(at - 5, SECRET, at, root, author=author, created_at=START) for at, root in answers]
    others = [reply(at - 4, "me too", at, root, created_at=START) for at, root in answers]
    crowd = [p for pair in zip(theirs, others, strict=True) for p in pair]
    run(stage, records(crowd), state)
    assert SECRET.encode() in await stored(state, store)
    state = State(store, stage.codec)
    deletion = records([author_gone("twitter:gone")], 5_000)[0]
    assert [type(m) for m in run(stage, [deletion], state)] == [AuthorDeleted]
    await state.flush(deletion.arrived)
    assert SECRET.encode() not in await stored(state, store)
    parents = [post(at, "@Delta lost my bag", created_at=START) for at, _ in answers]
    brought = {m.post_id for m in run(stage, records(parents, 6_000), state)}
    assert brought == {p.post_id for p in parents} | {p.post_id for p in others}


async def test_the_copy_of_an_authors_deletion_erases_and_does_not_pass_on(stage: Enrich) -> None:
    state = State(MemoryStore(), stage.codec)
    [waits, deletion] = records([reply(2, SECRET, 1, 1), author_gone("twitter:user2")])
    assert run(stage, [waits, deletion._replace(headers=((COPY, b"3"),))], state) == []
    assert [m.post_id for m in run(stage, records([PARENT], 10), state)] == ["twitter:1"]


def strangers(count: int, size: int, authors: int) -> list[Post]:
    """Replies to roots that nobody ever wrote."""
    who = [Author(f"twitter:s{n}", f"s{n}") for n in range(authors)]
    roots = [10**9 + n for n in range(count)]
    return [reply(n, "x" * size, root, root, author=who[n % authors], created_at=START) for n, root in enumerate(roots)]


async def test_strangers_who_answer_invented_posts_fill_no_more_than_a_bound(stage: Enrich) -> None:
    dropped: list[str] = []
    stage = Enrich(stage._accounts.linker, FixedScorer(), observe=lambda bound, count: dropped.extend([bound] * count))
    store = MemoryStore()
    state = State(store, stage.codec)
    flood = records(strangers(3_000, 6_000, 1_000))
    for at in range(0, len(flood), 100):
        stage.handle(flood[at : at + 100], state)
        await state.flush(flood[at].arrived)
    stored_bytes = sum(map(len, store._data.values()))
    assert stored_bytes < 1.1 * waiting.MAX_BYTES
    assert set(dropped) == {"partition"}
    assert len(dropped) >= 3_000 - waiting.MAX_BYTES / 6_000
    newest = flood[-1]
    parent = post(10**9 + 2_999, "@Delta lost my bag", created_at=START)
    assert len(run(stage, records([parent], 10_000), state)) == 2, "the newest still waits"
    assert newest.offset == 2_999


async def test_short_ones_are_bounded_by_number(stage: Enrich) -> None:
    store = MemoryStore()
    state = State(store, stage.codec)
    most = waiting.SEGMENT * waiting.MAX_SEGMENTS
    flood = [r._replace(arrived=1e9, timestamp=1e9 + 1e8) for r in records(strangers(most + 5_000, 1, 5_000))]
    for at in range(0, len(flood), 1_000):
        stage.handle(flood[at : at + 1_000], state)
        await state.flush(1e9)
    left = sum(
        len(stage.codec.decode(msgspec.msgpack.decode(v)[2]).waiting) for k, v in store._data.items() if k[0] != "\0"
    )
    assert left <= most + 2 * waiting.SEGMENT


async def test_an_author_has_a_share_and_the_others_wait_on(stage: Enrich) -> None:
    state = State(MemoryStore(), stage.codec)
    noise = strangers(500, 10, 1)
    assert run(stage, records([reply(2, "they are bad", 1, 1), *noise]), state) == []
    assert len(run(stage, records([PARENT], 10_000), state)) == 2
    head = state.get(waiting.key_of(0), records([PARENT])[0])
    assert isinstance(head, waiting.QueueSegment)
    assert sum(entry.author != head.entries[0].author for entry in head.entries) <= waiting.SHARE


async def test_what_has_waited_too_long_leaves_the_state(stage: Enrich) -> None:
    """Also in a thread that is remembered for days."""
    store = MemoryStore()
    state = State(store, stage.codec)
    early = records([PARENT, reply(2, SECRET, 77, 1)])
    run(stage, early, state)
    assert SECRET.encode() in await stored(state, store)
    much_later = records(strangers(1, 10, 1), 50)[0]._replace(arrived=early[0].arrived + 10_000.0)
    run(stage, [much_later], state)
    assert SECRET.encode() not in await stored(state, store)


async def test_the_queue_survives_its_bytes_and_a_crash(stage: Enrich) -> None:
    store = MemoryStore()
    state = State(store, stage.codec)
    flood = records(strangers(100, 10, 100))
    run(stage, flood, state)
    await state.flush(0.0)
    before = dict(store._data)
    again = State(store, stage.codec)
    run(stage, flood, again)
    await again.flush(0.0)
    assert store._data == before
