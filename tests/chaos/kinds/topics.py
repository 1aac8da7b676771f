"""Faults of topics: retention that overtakes a stage, compaction of all state, a state topic that is gone."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from pipeline.contracts.topics import PARTITIONS, POSTS_RAW, STATEFUL, changelog
from pipeline.runtime.kafka.admin import create_all
from pipeline.runtime.kafka.backpressure import CommittedOffsets
from pipeline.runtime.kafka.clients import confluent_options, group
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from tests.chaos.installation import Installation
from tests.chaos.kinds.kind import BEFORE, Kind
from tests.chaos.log import everything, folded

COMPACTING = {
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "1000",
    "delete.retention.ms": "100",
}


@asynccontextmanager
async def _retention(world: Installation) -> AsyncIterator[None]:
    """Posts are removed while enrich is away: what is lost must be counted, and nothing else may be lost."""
    world.traffic.plain = True
    await _away(world, "enrich")
    yield
    await asyncio.to_thread(_configure, world, POSTS_RAW.name, {"retention.ms": "1000"})
    await _until_removed(world)
    await asyncio.to_thread(_configure, world, POSTS_RAW.name, {"retention.ms": "604800000"})
    await asyncio.sleep(5.0)
    committed = await asyncio.to_thread(_committed, world)
    world.removed = world.traffic.lose(committed, await asyncio.to_thread(_first, world))
    world.servers.kafka_links["enrich"].set("pass")
    for number in range(20 * PARTITIONS):  # a gap shows by the record after it
        world.traffic.say(number % 6, "so so today.")
    world.traffic.plain = False


async def _said(world: Installation) -> None:
    """The worker counts as lost what retention removed, and no more."""
    said = await world.gaps_said("enrich")
    world.gaps += said
    if said != world.removed:
        raise AssertionError(f"{world.removed} records were removed unread, the worker counts {said}")


@asynccontextmanager
async def _compacted(world: Installation) -> AsyncIterator[None]:
    """All state is compacted, tombstones removed, and read back by workers that know nothing any more."""
    names = [changelog(stage).name for stage in STATEFUL]
    for name in names:
        await asyncio.to_thread(_configure, world, name, COMPACTING)
    yield
    for stage in STATEFUL:
        world.signal(stage, signal.SIGKILL)
    for name in names:
        await asyncio.to_thread(_configure, world, name, dict.fromkeys(COMPACTING))
    topic = changelog("detect").name
    ends = await asyncio.to_thread(_watermarks, world, topic)
    left = len(await everything(world.settings.kafka, topic))
    if left >= sum(end for _, end in ends.values()):
        raise AssertionError(f"{topic} was not compacted: {left} records are left")


@asynccontextmanager
async def _deleted(world: Installation) -> AsyncIterator[None]:
    """A stage's state topic is deleted: its worker must refuse to go on; then the state is restored from a copy."""
    stage = world.rng.choice(STATEFUL)
    topic = changelog(stage).name
    await _away(world, stage)
    copy = await folded(world.settings.kafka, topic)
    await asyncio.to_thread(_delete, world, topic)
    world.servers.kafka_links[stage].set("pass")
    yield
    words = world.worker(stage).last_error
    made_anew = bool(await asyncio.to_thread(_watermarks, world, topic))
    await _away(world, stage)
    await asyncio.to_thread(create_all, world.settings.kafka)
    publisher = Publisher(world.settings.kafka)
    await publisher.start()
    for partition, values in enumerate(copy):
        await publisher.send([ToSend(topic, key.encode(), value, partition=partition) for key, value in values.items()])
    await publisher.close()
    world.servers.kafka_links[stage].set("pass")
    if made_anew or f"topic {topic}" not in words or "Traceback" in words:
        raise AssertionError(f"{stage} without its state topic said {words!r}; made anew: {made_anew}")


async def _away(world: Installation, stage: str) -> None:
    """Kill a stage's worker, and cut its link so that it cannot come back."""
    world.servers.kafka_links[stage].set("cut")
    world.signal(stage, signal.SIGKILL)
    await asyncio.sleep(1.0)


async def _until_removed(world: Installation, within: float = 60.0) -> None:
    """Wait until retention has removed what lies on the posts' topic now."""
    ends = {partition: end for partition, (_, end) in (await asyncio.to_thread(_watermarks, world)).items()}
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        first = await asyncio.to_thread(_first, world)
        if all(first[partition] >= end for partition, end in ends.items()):
            return
        await asyncio.sleep(0.5)
    raise TimeoutError("retention has removed nothing")


def _watermarks(world: Installation, topic: str = POSTS_RAW.name) -> dict[int, tuple[int, int]]:
    """Partition → first and next offset; empty where there is no such topic."""
    with closing(Consumer({**confluent_options(world.settings.kafka), "group.id": "chaos"})) as consumer:
        found = consumer.list_topics(topic, timeout=10.0).topics[topic]
        if found.error is not None:
            return {}
        return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10.0) for p in found.partitions}


def _first(world: Installation) -> dict[int, int]:
    return {partition: first for partition, (first, _) in _watermarks(world).items()}


def _committed(world: Installation) -> dict[int, int]:
    name = group(world.settings.kafka, "enrich")
    with closing(CommittedOffsets(world.settings.kafka, fresh=0.0)) as offsets:
        return {partition: offsets.offset(name, POSTS_RAW.name, partition) for partition in range(PARTITIONS)}


def _configure(world: Installation, topic: str, entries: Mapping[str, str | None]) -> None:
    """Set entries of a topic's configuration; None removes one."""
    changes = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET if value else AlterConfigOpType.DELETE)
        for name, value in entries.items()
    ]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=changes)
    admin = AdminClient(confluent_options(world.settings.kafka))
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(timeout=20.0)


def _delete(world: Installation, topic: str) -> None:
    admin = AdminClient(confluent_options(world.settings.kafka))
    for done in admin.delete_topics([topic]).values():
        done.result(timeout=20.0)


ONE_WRITER = "cannot be seen: the log of a single writer is whole after any compaction; of several: simulated"

TOPICS = (
    Kind("retention", _retention, 6.0, "what is lost is counted", "", after=_said),
    Kind("state-compacted", _compacted, 12.0, "a key of the log for each claim", ONE_WRITER),
    Kind("state-deleted", _deleted, 30.0, "a worker without its state topic ends", BEFORE),
)
