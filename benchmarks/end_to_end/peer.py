"""Runs the afternoon's peer (`newcomer.py`) on one stream, and measures it as ours is measured."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from elasticsearch import AsyncElasticsearch
from msgspec import Struct

from benchmarks.end_to_end.measured import EndToEnd, difference, processor_seconds
from benchmarks.end_to_end.ours import publish
from pipeline.index.elastic.client import connect
from pipeline.runtime.kafka.admin import create_all
from pipeline.settings.settings import Settings
from pipeline.simulate.companies import Company
from pipeline.simulate.texts import names

START_SECONDS = 120.0
"""Within so long the peer must have put its first posts into the index."""
SAMPLE = 20
"""Texts on which the peer's answers are balanced."""
_ASK_EVERY = 1.0
"""Seconds: seldom enough to cost Elasticsearch nothing beside the peer's own calls."""


class Bounds(Struct, frozen=True):
    """From which post on, and for how long, a run is measured."""

    warm_up: int
    posts: int
    """How many to measure; those of the warm-up are not among them."""
    seconds: float
    """After so long the run ends, with what it has got through."""


async def peer(
    settings: Settings, posts: Path, companies: Sequence[Company], bounds: Bounds, servers: Mapping[str, int]
) -> EndToEnd:
    """Publish the posts, start the peer, and measure from the end of the warm-up; a post counts once it is indexed.

    There should be more posts than the bounds say, so that the peer is at work till the end.  Raises `SystemExit` when
    it ends, or indexes nothing for too long; the end of its log is printed then.
    """
    create_all(settings.kafka)
    await publish(settings, posts)
    index = f"{settings.index.prefix}-newcomer"
    given = {**_given(settings, posts, companies), "index": index}
    async with _index(settings, index) as elasticsearch:
        with _newcomer(given, settings.data / "newcomer.log") as process:
            progress = _Progress(elasticsearch, index, process)
            first = await progress.until(bounds.warm_up, START_SECONDS)
            if first < bounds.warm_up:
                raise SystemExit(f"the peer indexed {first} posts in {START_SECONDS:.0f} s")
            processes = {"newcomer": process.pid, **servers}
            before, started = processor_seconds(processes), time.perf_counter()
            last = await progress.until(bounds.warm_up + bounds.posts, bounds.seconds)
            took, after = time.perf_counter() - started, processor_seconds(processes)
    return EndToEnd(last - first, took, difference(after, before))


def _given(settings: Settings, posts: Path, companies: Sequence[Company]) -> dict[str, Any]:
    """What `newcomer.main` wants to know."""
    return {
        "bootstrap": settings.kafka.bootstrap,
        "url": settings.index.url,
        "username": settings.index.username,
        "password": settings.index.password.get_secret_value(),
        "threads": settings.model.threads,
        "names": {name.lower(): company.id for company in companies for name in names(company)},
        "sample": [json.loads(line)["text"] for line in posts.read_bytes().splitlines()[:SAMPLE]],
    }


class _Progress:
    """How many documents the peer has put into its index."""

    def __init__(self, elasticsearch: AsyncElasticsearch, index: str, process: subprocess.Popen[bytes]) -> None:
        self._elasticsearch = elasticsearch
        self._index = index
        self._process = process

    async def until(self, posts: int, within: float) -> int:
        """Return when so many are indexed or so many seconds over; gives how many are."""
        deadline = time.monotonic() + within
        while (done := await self._indexed()) < posts and time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SystemExit(f"the peer ended with status {self._process.returncode}")
            await asyncio.sleep(_ASK_EVERY)
        return done

    async def _indexed(self) -> int:
        statistics = await self._elasticsearch.indices.stats(index=self._index, metric="indexing")
        return int(statistics["_all"]["primaries"]["indexing"]["index_total"])


@asynccontextmanager
async def _index(settings: Settings, name: str) -> AsyncIterator[AsyncElasticsearch]:
    """An index of the peer's own, as Elasticsearch makes it when nothing is said about its fields."""
    elasticsearch = connect(settings.index)
    try:
        await elasticsearch.indices.create(index=name)
        yield elasticsearch
        await elasticsearch.indices.delete(index=name)
    finally:
        await elasticsearch.close()


@contextmanager
def _newcomer(given: Mapping[str, Any], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The peer's process, ended with the block; where the block fails, the end of its log goes to standard error."""
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.end_to_end.newcomer"]
    environment = {**os.environ, "AFTERNOON": json.dumps(given)}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        yield process
    except BaseException:
        sys.stderr.write(log.read_text(errors="replace")[-2_000:])
        raise
    finally:
        process.kill()
        process.wait()
