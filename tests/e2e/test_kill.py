"""`kill -9` of any worker at any moment: nothing lost, nothing doubled, in the index and in the detector's counts; also
where two workers share a stage, and take partitions over from each other."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pipeline.contracts.topics import MENTIONS_SCORED, changelog
from pipeline.detect.state.codec import EntityCodec
from pipeline.runtime.kafka.admin import Offsets
from pipeline.runtime.kafka.publisher import Publisher
from pipeline.runtime.process.stack import Stack
from pipeline.runtime.process.supervisor import Child
from pipeline.runtime.stores.changelog import ChangelogStore
from pipeline.runtime.stores.sqlite import SqliteStore
from pipeline.settings.settings import Settings
from pipeline.simulate.companies import catalogue_yaml, companies
from pipeline.simulate.load import load_posts
from pipeline.stages.records import Record
from pipeline.stages.state import State
from tests.e2e.conftest import Configure, opened, replay, running

POSTS = 8_000
RATE = 500
KILLS = 10

CATCH_UP = 4_000
NEVER_COMMITTING = ["--set", "worker.commit_seconds=60", "--set", "worker.batch=1000"]
ENRICH = ["worker", "enrich", "--instance", "enrich-0", "--parent", str(os.getpid())]


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
        stack.start(Child("enrich-1", ["worker", "enrich", "--instance", "enrich-1", "--parent", str(os.getpid())]))
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


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_any_number_of_mentions_published_again_counts_once(configure: Configure, tmp_path: Path) -> None:
    """Enrich is killed twice while it catches up and before it has committed anything: thousands of mentions of a
    company come again, many more than the detector remembers by their ids."""
    chosen = companies(2)
    posts, catalogue = tmp_path / "posts.jsonl", tmp_path / "companies.yaml"
    posts.write_bytes(b"".join(load_posts(CATCH_UP, 4, chosen)))
    catalogue.write_text(catalogue_yaml(chosen), encoding="utf-8")
    settings = configure(model={"backend": "fixed"}, enrich={"catalogue": catalogue})
    async with Stack(settings, wait_for=(f"{settings.kafka.prefix}-replay",), parent=os.getpid()) as stack:
        stack.start_workers(("detect", "index", "alert"))
        stack.start(Child("enrich", [*NEVER_COMMITTING, *ENRICH]))
        killing = asyncio.create_task(kill_while_it_publishes(stack, times=2))
        counts = await replay(stack, posts)
        published = await killing
        settings = stack.settings
        assert counts["mentions"] == counts["indexed"] == counts["published"] == CATCH_UP
        assert counts["dead_letters"] == 0
        with closing(Offsets(settings.kafka)) as offsets:
            assert lying_on(offsets) >= published + CATCH_UP, "all of it has come again"
        async with opened(settings) as index:
            assert await index.count() == CATCH_UP
            in_index = {entity: mentions for entity, _, mentions in await index.entities(10)}
        assert await counted_by_the_detector(settings, set(in_index)) == in_index


async def kill_while_it_publishes(stack: Stack, times: int) -> int:
    """Kill enrich whenever it has published half of everything, and let it commit after the last time; gives how many
    mentions lie on their topic then."""
    assert stack.supervisor is not None
    child = stack.supervisor.children["enrich"]
    published = 0
    with closing(Offsets(stack.settings.kafka)) as offsets:
        for left in reversed(range(times)):
            await publishes(offsets, published + CATCH_UP // 2)
            assert child.process is not None
            child.args = child.args if left else ENRICH
            os.kill(child.process.pid, signal.SIGKILL)
            await child.process.wait()
            published = lying_on(offsets)
    return published


async def publishes(offsets: Offsets, mentions: int) -> None:
    """Wait until so many mentions lie on their topic."""
    for _ in range(2_000):
        if lying_on(offsets) >= mentions:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{lying_on(offsets):,} mentions lie on their topic, not {mentions:,}")


def lying_on(offsets: Offsets) -> int:
    """Mentions that their topic has had so far, repeats included."""
    return sum(offsets.ends(MENTIONS_SCORED.name).values())


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
