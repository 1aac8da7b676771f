"""State is written once per touched key per batch, with the offsets that it has absorbed; whatever store keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from pipeline.runtime.kafka.clients import aiokafka_options
from pipeline.runtime.kafka.publisher import Publisher
from pipeline.runtime.stores.changelog import ChangelogStore, Fenced
from pipeline.runtime.stores.sqlite import SqliteStore
from pipeline.settings.kafka import KafkaSettings
from pipeline.stages.records import Record
from pipeline.stages.state import Change, MemoryStore, State, Store


class Codec:
    """Numbers as text."""

    def encode(self, value: int) -> bytes:
        return str(value).encode()

    def decode(self, data: bytes) -> int:
        return int(data)


def record(offset: int, partition: int = 2) -> Record:
    return Record("t", partition, offset, b"k", b"v")


Reopen = Callable[[], Any]


@pytest.fixture(params=["memory", "sqlite", "changelog", pytest.param("changelog-real", marks=pytest.mark.real)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Store, Reopen | None]]:
    """A store, and how to open it again as after a crash (None where nothing survives one)."""
    if request.param == "memory":
        yield MemoryStore(), None
        return
    if request.param == "sqlite":
        path = tmp_path / "state.sqlite"
        yield SqliteStore(path), lambda: SqliteStore(path)
        return
    fixture = "real_kafka" if request.param.endswith("real") else "embedded_broker"
    broker = request.getfixturevalue(fixture)
    settings = KafkaSettings(bootstrap=broker.bootstrap, embedded=fixture == "embedded_broker")
    topic = f"state-{tmp_path.name}-{abs(hash(tmp_path))}"
    _create(settings, topic)
    publisher = Publisher(settings)
    await publisher.start()
    yield ChangelogStore(settings, topic, publisher), lambda: ChangelogStore(settings, topic, publisher)
    await publisher.close()


def _create(settings: KafkaSettings, topic: str, **config: str) -> None:
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    if not settings.embedded:
        admin = AdminClient({"bootstrap.servers": settings.bootstrap})
        config |= {"cleanup.policy": "compact"}
        admin.create_topics([NewTopic(topic, 4, 1, config=config)])[topic].result(30)


async def test_a_value_comes_back_with_what_it_absorbed(store: tuple[Store, Reopen | None]) -> None:
    kept, reopen = store
    await kept.recover(2)
    state = State(kept, Codec())
    assert state.get("acme", record(7)) is None
    assert not state.absorbed("acme", record(7))
    state.put("acme", 41, record(7))
    state.put("acme", 42, record(8))
    assert await state.flush(0.0) == 1, "one write for a key that two records touched"
    again = reopen() if reopen else kept
    await again.recover(2)
    fresh = State(again, Codec())
    assert fresh.get("acme", record(9)) == 42
    assert fresh.absorbed("acme", record(8))
    assert not fresh.absorbed("acme", record(9))


async def test_what_was_not_flushed_is_not_there(store: tuple[Store, Reopen | None]) -> None:
    kept, reopen = store
    await kept.recover(2)
    state = State(kept, Codec())
    state.put("acme", 1, record(1))
    again = reopen() if reopen else kept
    await again.recover(2)
    assert State(again, Codec()).get("acme", record(2)) is None


async def test_values_expire_by_event_time(store: tuple[Store, Reopen | None]) -> None:
    kept, _ = store
    await kept.recover(2)
    state = State(kept, Codec())
    state.put("short", 1, record(1), expires=100.0)
    state.put("long", 2, record(2), expires=200.0)
    state.put("ever", 3, record(3))
    await state.flush(0.0)
    await state.flush(150.0)
    values = [State(kept, Codec()).get(key, record(9)) for key in ("short", "long", "ever")]
    assert values == [None, 2, 3]


async def test_a_value_renewed_does_not_expire_at_its_old_time(store: tuple[Store, Reopen | None]) -> None:
    kept, _ = store
    await kept.recover(2)
    state = State(kept, Codec())
    state.put("acme", 1, record(1), expires=100.0)
    await state.flush(0.0)
    state.put("acme", 2, record(2), expires=300.0)
    await state.flush(150.0)
    await state.flush(200.0)
    assert State(kept, Codec()).get("acme", record(9)) == 2


@pytest.mark.real
@pytest.mark.slow
async def test_a_late_write_undoes_nothing_on_a_broker_that_compacts(
    real_kafka: Any, unique_name: Callable[[str], str]
) -> None:
    """A worker that lost its partition writes late; the broker retains the last record of each key, and nothing else.

    The same without a broker, in many more forms: `tests/runtime/stores/test_fencing.py`.
    """
    settings, topic = KafkaSettings(bootstrap=real_kafka.bootstrap), unique_name("state")
    _create(settings, topic, **{"segment.ms": "100", "min.cleanable.dirty.ratio": "0.001"})
    publisher = await connected(settings)
    zombie, owner, last = (ChangelogStore(settings, topic, publisher) for _ in range(3))
    late, current = State(zombie, Codec()), State(owner, Codec())
    await zombie.recover(0)
    late.put("acme", 100, record(100, partition=0))
    await late.flush(0.0)
    await owner.recover(0)
    current.put("acme", 200, record(200, partition=0))
    await current.flush(0.0)
    late.put("acme", 150, record(150, partition=0))
    with pytest.raises(Fenced):
        await late.flush(0.0)
    async with asyncio.timeout(90.0):
        while sum(key.startswith(b"acme") for key in await _log(settings, topic, 0)) > 2:
            await asyncio.sleep(1.0)
            current.put("tick", 1, record(201, partition=0))  # a segment ends when something is written after its time
            await current.flush(0.0)
    await last.recover(0)
    assert State(last, Codec()).get("acme", record(201, partition=0)) == 200
    await publisher.close()


@pytest.mark.real
@pytest.mark.slow
async def test_state_comes_back_from_a_log_that_was_compacted(
    real_kafka: Any, unique_name: Callable[[str], str]
) -> None:
    """Of a hundred values of a key the broker keeps one, and in time not even the tombstone of a forgotten one."""
    settings, topic = KafkaSettings(bootstrap=real_kafka.bootstrap), unique_name("compacted")
    at_once = ("segment.ms", "max.compaction.lag.ms", "delete.retention.ms")
    _create(settings, topic, **dict.fromkeys(at_once, "100"), **{"min.cleanable.dirty.ratio": "0.001"})
    publisher = await connected(settings)
    writer = ChangelogStore(settings, topic, publisher)
    await writer.recover(2)
    state = State(writer, Codec())
    for number in range(100):
        for key in ("acme", "corvane"):
            state.put(key, number, record(number))
        state.put("passing", number, record(number), expires=50.0)
        await state.flush(0.0)
    await state.flush(100.0)
    async with asyncio.timeout(90):
        while len(await _log(settings, topic, 2)) > 20:
            state.put("tick", 1, record(100))  # a segment ends when something is written after its time
            await state.flush(100.0)
            await asyncio.sleep(1.0)
    again = ChangelogStore(settings, topic, publisher)
    await again.recover(2)
    fresh = State(again, Codec())
    assert [fresh.get(key, record(101)) for key in ("acme", "corvane", "passing", "tick")] == [99, 99, None, 1]
    assert fresh.absorbed("acme", record(99))
    await publisher.close()


async def _log(settings: KafkaSettings, topic: str, partition: int) -> list[bytes]:
    """The keys of what a partition of a topic holds."""
    consumer = AIOKafkaConsumer(group_id=None, auto_offset_reset="earliest", **aiokafka_options(settings))
    await consumer.start()
    try:
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        end, keys = (await consumer.end_offsets([where]))[where], []
        while await consumer.position(where) < end:
            for found in (await consumer.getmany(where, timeout_ms=500)).values():
                keys += [message.key for message in found]
        return keys
    finally:
        await consumer.stop()


async def connected(settings: KafkaSettings) -> Publisher:
    publisher = Publisher(settings)
    await publisher.start()
    return publisher


async def test_at_most_so_many_values_stay_decoded() -> None:
    kept = MemoryStore()
    state = State(kept, Codec(), limit=10)
    for number in range(50):
        state.put(f"k{number}", number, record(number))
        await state.flush(0.0)
    assert len(state._cells) <= 10
    assert state.get("k3", record(99)) == 3


async def test_a_batch_of_changes_can_forget_and_keep(store: tuple[Store, Reopen | None]) -> None:
    kept, reopen = store
    await kept.recover(2)
    await kept.write([Change(2, "a", 0.0, b"\x93\x80\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xc4\x011")])
    await kept.write([Change(2, "a", 0.0, None)])
    again = reopen() if reopen else kept
    await again.recover(2)
    assert again.read(2, "a") is None
