"""Replies that come after their own deletion, or that of their author: their words are stored nowhere."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from pipeline.contracts.posts import AuthorDeleted, PostDeleted
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.enrich.threads import deletions
from pipeline.enrich.threads.deletions import DeletionBucket
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import START, records, reply
from tests.support.scorers import FixedScorer

SECRET = "secretive words"


@pytest.fixture
def stage(linker: Linker) -> Enrich:
    return Enrich(linker, FixedScorer())


def gone(number: int | str, version: int = 9) -> PostDeleted:
    post_id = f"twitter:{number}"
    return PostDeleted(post_id=post_id, network="twitter", deleted_at=START, version=version, root_id="twitter:1")


def author_gone(number: int, version: int = 1, hours: float = 1.0) -> AuthorDeleted:
    at = START + timedelta(hours=hours)
    return AuthorDeleted(author_id=f"twitter:user{number}", network="twitter", deleted_at=at, version=version)


async def stored(stage: Enrich, batches: list[list[Record]]) -> bytes:
    """All that is stored after these batches, each handled by a worker that begins anew."""
    store = MemoryStore()
    for batch in batches:
        state = State(store, stage.codec)
        stage.handle(batch, state)
        await state.flush(0.0)
    return b"".join(store._data.values())


@pytest.mark.parametrize(
    ("deletion", "written", "waits"),
    [
        (gone(2), {}, False),
        (gone(2), {"version": 10}, True),
        (gone(2, version=1), {}, False),
        (gone(3), {}, True),
        (author_gone(2), {}, False),
        (author_gone(2), {"created_at": START + timedelta(hours=2), "ingested_at": START + timedelta(hours=2)}, True),
        (author_gone(2), {"created_at": START + timedelta(hours=2), "ingested_at": START}, False),
        (author_gone(2, version=9, hours=-1.0), {"version": 9}, False),
        (author_gone(2, version=9, hours=-1.0), {"version": 10}, True),
        (author_gone(3), {}, True),
    ],
)
async def test_a_reply_does_not_wait_that_a_deletion_covers(
    stage: Enrich, deletion: PostDeleted | AuthorDeleted, written: dict[str, object], waits: bool
) -> None:
    late = reply(2, SECRET, 1, 1, **written)
    both = records([deletion, late])
    assert (SECRET.encode() in await stored(stage, [both[:1], both[1:]])) is waits
    assert (SECRET.encode() in await stored(stage, [both])) is waits
    both = records([late, deletion])
    assert (SECRET.encode() in await stored(stage, [both, both[:1]])) is waits, "read again after a crash"


async def test_a_flood_of_deletions_is_bounded_and_the_newest_are_known(stage: Enrich) -> None:
    most = deletions.BUCKETS * deletions.SHARE
    flood = [gone(f"x{n}") for n in range(2 * most)]
    store = MemoryStore()
    state = State(store, stage.codec)
    stage.handle(records(flood), state)
    await state.flush(0.0)
    values = [msgspec.msgpack.decode(data)[2] for data in store._data.values()]
    assert len(values) == deletions.BUCKETS
    assert max(map(len, values)) <= 5_000
    assert sum(len(stage.codec.decode(value).known) for value in values) == most
    before = dict(store._data)
    late = [reply(2, SECRET, 1, 1, post_id=message.post_id) for message in flood[-100:]]
    stage.handle(records([*flood[-100:], *late], 10**6), state)
    await state.flush(0.0)
    assert store._data == before, "a deletion that is known changes nothing, and nothing waits"


async def test_deletions_expire(stage: Enrich) -> None:
    store = MemoryStore()
    state = State(store, stage.codec)
    [deletion] = records([gone(2)])
    stage.handle([deletion], state)
    await state.flush(deletion.arrived)
    assert len(store._data) == 1
    await state.flush(deletion.arrived + deletions.DAY + 1.0)
    assert not store._data


def test_the_codec_reads_what_it_writes(stage: Enrich) -> None:
    bucket = DeletionBucket({1: (2**62, 1_772_366_400_000), ~5: (1, -1)})
    assert stage.codec.decode(stage.codec.encode(bucket)) == bucket
