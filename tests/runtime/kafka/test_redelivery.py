"""Dead letters published again: whole or not at all, for the stage that failed, never as the newest of their key."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from pipeline.contracts.headers import meant_for
from pipeline.contracts.topics import INCIDENTS, MENTIONS_SCORED, POSTS_RAW
from pipeline.errors import Malformed
from pipeline.index.letters import dead_letter as indexed
from pipeline.index.load import open_index
from pipeline.index.protocol import DeadLetter
from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.runtime.kafka.redelivery import Original, fetch, redeliver, replay_of
from pipeline.runtime.worker.dead_letters import dead_letter
from pipeline.settings.settings import Settings, load
from pipeline.stages.records import Record, Rejected
from tests.runtime.stores.compacting_log import CompactingLog
from tests.support.messages import letter

LONG = b"v" * 1_500_000


def never(given: DeadLetter) -> Original | None:
    raise AssertionError("nothing is fetched for a letter that is whole")


def replayed(given: DeadLetter) -> ToSend:
    messages = replay_of(given, never)
    assert isinstance(messages, list)
    return messages[0]


def through(stage: str, record: Record) -> DeadLetter:
    """The letter of a record, by way of its topic into the index."""
    _, key, value, headers, _ = dead_letter(stage, Rejected(record, Malformed("too_large", "too large")))
    return indexed(Record(f"{stage}.dlq.v1", 0, 0, key, value, headers=headers))


def test_tries_are_counted_and_linked() -> None:
    first = through("enrich", Record(POSTS_RAW.name, 3, 7, b"k", b"v"))
    assert (first.tries, first.previous) == (0, None)
    sent = replayed(first)
    second = through("enrich", Record(POSTS_RAW.name, 3, 99, b"k", b"v", headers=sent.headers))
    assert (second.tries, second.previous) == (1, first.letter_id)
    third = through("enrich", Record(POSTS_RAW.name, 3, 120, b"k", b"v", headers=replayed(second).headers))
    assert (third.tries, third.previous) == (2, second.letter_id)


@pytest.mark.parametrize("stage", ["detect", "index"])
def test_a_letter_goes_to_the_stage_that_failed_only(stage: str) -> None:
    sent = replayed(letter(stage=stage, topic=MENTIONS_SCORED.name))
    assert [name for name in ("detect", "index") if meant_for(sent.headers, name)] == [stage]


def test_a_letter_that_was_cut_is_replayed_from_the_original_or_not_at_all() -> None:
    cut = through("enrich", Record(POSTS_RAW.name, 3, 7, b"k", LONG))
    assert cut.value_bytes == len(LONG)
    messages = replay_of(cut, lambda given: Original(b"k", LONG))
    assert isinstance(messages, list)
    assert messages[0].value == LONG
    why = replay_of(cut, lambda given: None)
    assert isinstance(why, str)
    assert "posts.raw.v1/3/7" in why


def test_a_letter_that_the_index_cut_before_it_noted_sizes_is_not_taken_for_whole() -> None:
    old = letter(value=b"v" * 1_000_000, reason="large (the value has 1,500,000 bytes, the first 1,000,000 are kept)")
    assert isinstance(replay_of(old, lambda given: None), str)


async def test_an_old_step_never_becomes_the_newest_of_its_incident() -> None:
    log = CompactingLog()
    old, new = b'{"event":"opened"}', b'{"event":"resolved"}'
    await log.send([ToSend(INCIDENTS.name, b"inc-1", value, partition=2) for value in (old, new)])
    failed = letter(stage="alert", topic=INCIDENTS.name, partition=2, key=b"inc-1", value=old)
    messages = replay_of(failed, never)
    assert isinstance(messages, list)
    assert [message.value for message in messages] == [old, None]
    await log.send(messages)
    log.compact(2)
    assert [(entry.key, entry.value) for entry in log.partitions[2]] == [(b"inc-1", new)]


@pytest.fixture
def settings(embedded_broker: EmbeddedBroker, tmp_path: Path) -> Settings:
    return load(data=tmp_path, kafka={"bootstrap": embedded_broker.bootstrap, "embedded": True})


async def test_letters_are_published_and_marked_once_and_what_is_gone_is_named(settings: Settings) -> None:
    publisher = Publisher(settings.kafka)
    await publisher.send([ToSend("posts.raw.v1", b"k", LONG, partition=1)])
    there = through("enrich", Record("posts.raw.v1", 1, 0, b"k", LONG))
    gone = through("enrich", Record("posts.raw.v1", 1, 700, b"k", LONG))
    other = msgspec.structs.replace(through("enrich", Record("posts.raw.v1", 1, 0, b"k", b"w" * 2_000_000)), offset=0)
    small = through("enrich", Record("posts.raw.v1", 2, 5, b"k", b"small"))
    index = open_index(settings)
    await index.setup()
    await index.write([there, gone, small])
    done = await redeliver(settings, [there, gone, small])
    assert done.published == 2
    assert [refused.letter for refused in done.refused] == [gone]
    marked = {found.letter_id for found in await index.dead_letters() if found.replayed_at is not None}
    assert marked == {there.letter_id, small.letter_id}
    original = await asyncio.to_thread(fetch, settings.kafka, there)
    assert original == Original(b"k", LONG)
    assert await asyncio.to_thread(fetch, settings.kafka, other) is None, "another record lies there now"
    await publisher.close()
    await index.close()
