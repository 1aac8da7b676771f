"""The whole of Groundswell on one stream: posts a second, and processor time by stage."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from benchmarks.end_to_end.measured import EndToEnd, difference, processor_seconds
from pipeline.commands.streaming.replay_run import ReplayRun
from pipeline.contracts.stage_names import STAGES
from pipeline.ingest.formats.formats import reader_for
from pipeline.ingest.replay import parse_speed
from pipeline.runtime.process.stack import Stack, worker_addresses
from pipeline.settings.settings import Settings

NO_SERVERS: Mapping[str, int] = MappingProxyType({})


async def whole(
    settings: Settings, posts: Path, *, warm_up: Path | None = None, servers: Mapping[str, int] = NO_SERVERS
) -> tuple[EndToEnd, dict[str, float]]:
    """From the first post published to the last mention found in the index, and the counts of `groundswell replay`.

    Not counted are the start of the workers and the posts of `warm_up`, which go through first.  `servers` are
    processes to measure beside the stages.  Raises `SystemExit` when not all that was published is in the index.
    """
    group = f"{settings.kafka.prefix}-replay"
    async with Stack(settings, wait_for=(group,), parent=os.getpid()) as stack:
        stack.start_workers()
        await _ready(stack.settings)
        if warm_up:
            await publish(stack.settings, warm_up, stack)
        processes = {**_workers(stack), **servers}
        before = processor_seconds(processes)
        started = time.perf_counter()
        counts = await publish(stack.settings, posts, stack)
        took = time.perf_counter() - started
        spent = difference(processor_seconds(processes), before)
    if counts["indexed"] != counts["mentions"] or counts["dead_letters"]:
        raise SystemExit(f"not all of it went through: {counts}")
    return EndToEnd(int(counts["published"]), took, spent), counts


async def publish(settings: Settings, posts: Path, stack: Stack | None = None) -> dict[str, float]:
    """Put a file of posts on the topic as fast as it goes; with a stack, wait until all of it is processed."""
    reader, speed = reader_for("posts", settings.ingest), parse_speed("max")
    return await ReplayRun(settings, [str(posts)], reader, speed, stack).go(time.monotonic(), wait=stack is not None)


def _workers(stack: Stack) -> dict[str, int]:
    assert stack.supervisor is not None
    return {name: child.process.pid for name, child in stack.supervisor.children.items() if child.process}


async def _ready(settings: Settings) -> None:
    while len(worker_addresses(settings)) < len(STAGES):  # noqa: ASYNC110 - other processes
        await asyncio.sleep(0.2)
    await asyncio.sleep(4.0)  # joining the consumer groups
