"""`kill -9` of any worker at any moment: nothing lost, nothing doubled, in the index and in the detector's counts."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.detect.codec import EntityCodec
from pipeline.runtime.publisher import Publisher
from pipeline.runtime.stack import Stack
from pipeline.runtime.stores.changelog import ChangelogStore
from pipeline.runtime.stores.sqlite import SqliteStore
from pipeline.settings import Settings
from pipeline.simulate.companies import catalogue_yaml, companies
from pipeline.simulate.load import load_posts
from pipeline.stage import Record
from pipeline.state import State
from pipeline.topics import MENTIONS_SCORED, changelog
from tests.whole.conftest import Configure, opened, replay, running

POSTS = 8_000
RATE = 500
KILLS = 10


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_killed_workers_lose_nothing_and_count_nothing_twice(configure: Configure, tmp_path: Path) -> None:
    chosen = companies(6)
    lines = list(load_posts(POSTS, 3, chosen))
    posts, catalogue = tmp_path / "posts.jsonl", tmp_path / "companies.yaml"
    posts.write_bytes(b"".join(lines))
    catalogue.write_text(catalogue_yaml(chosen), encoding="utf-8")
    settings = configure(model={"backend": "fixed"}, enrich={"catalogue": catalogue})
    async with running(settings, counted=True) as stack:
        killing = asyncio.create_task(kill_at_random(stack, random.Random(20260105)))
        counts = await replay(stack, posts, speed=f"{RATE}/s")
        killed = await killing
        settings = stack.settings
        assert len(killed) == KILLS
        assert counts["mentions"] == counts["indexed"] == counts["published"] == POSTS
        assert counts["dead_letters"] == 0
        async with opened(settings) as index:
            assert await index.count() == POSTS
            in_index = {entity: mentions for entity, _, mentions in await index.entities(100)}
        assert sum(in_index.values()) == POSTS
        assert await counted_by_the_detector(settings, set(in_index)) == in_index


async def kill_at_random(stack: Stack, rng: random.Random) -> list[str]:
    """Kill a running worker with SIGKILL, ten times while posts flow; gives the stages killed."""
    killed: list[str] = []
    assert stack.supervisor is not None
    await asyncio.sleep(3.0)
    while len(killed) < KILLS:
        await asyncio.sleep(rng.uniform(0.3, 2.2))
        alive = [c for c in stack.supervisor.children.values() if c.process and c.process.returncode is None]
        if not alive:
            continue
        child = rng.choice(alive)
        assert child.process is not None
        with suppress(ProcessLookupError):
            os.kill(child.process.pid, signal.SIGKILL)
            killed.append(child.name)
    return killed


async def counted_by_the_detector(settings: Settings, entities: set[str]) -> dict[str, int]:
    """Mentions of each entity, as the detector's state has them."""
    publisher = Publisher(settings.kafka)
    await publisher.start()
    counts: Counter[str] = Counter()
    store: SqliteStore | ChangelogStore
    if settings.kafka.embedded:
        store = SqliteStore(settings.data / "state" / "detect.sqlite")
    else:
        store = ChangelogStore(settings.kafka, changelog("detect").name, publisher)
    for partition in range(1 if settings.kafka.embedded else MENTIONS_SCORED.partitions):
        await store.recover(partition)
        state = State(store, EntityCodec())
        for entity in entities:
            kept = state.get(entity, Record(MENTIONS_SCORED.name, partition, 0, None, None))
            if kept is not None:
                counts[entity] += kept.mentions
    await store.close()
    await publisher.close()
    return dict(counts)
