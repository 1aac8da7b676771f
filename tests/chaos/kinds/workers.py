"""Faults of worker processes: killed, asked to end, frozen for longer than their session; in turn and in pairs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from pipeline.contracts.stage_names import STAGES
from pipeline.runtime.process.supervisor import Child
from tests.chaos.installation import Installation
from tests.chaos.kinds.kind import Kind

FROZEN = 13.0
"""Seconds: the session of a worker ends after 10."""

LATE = 2.0
"""Seconds in which a worker that was frozen may write what it must not."""


@asynccontextmanager
async def _signalled(number: signal.Signals, stages: int, stage: str, world: Installation) -> AsyncIterator[None]:
    for name in [stage] if stages == 1 else world.rng.sample(STAGES, stages):
        world.signal(name, number)
    yield


@asynccontextmanager
async def _overtaken(stage: str, world: Installation) -> AsyncIterator[None]:
    """A second worker takes over all partitions from one that is frozen, which then goes on as if it still had them."""
    other = world.start_worker(stage, 1)
    with suppress(TimeoutError):  # beside another fault it may not come up
        await world.running(other.name, 20.0)
    world.signal(stage, signal.SIGSTOP)
    try:
        yield
    finally:
        world.signal(stage, signal.SIGCONT)
        await asyncio.sleep(LATE)
        await _ended(world, [other])


@asynccontextmanager
async def _frozen_pair(world: Installation) -> AsyncIterator[None]:
    names = world.rng.sample(STAGES, 2)
    for name in names:
        world.signal(name, signal.SIGSTOP)
    try:
        yield
    finally:
        for name in names:
            world.signal(name, signal.SIGCONT)


@asynccontextmanager
async def _three(stage: str, world: Installation) -> AsyncIterator[None]:
    """Two more workers come, and after the fault go."""
    children = [world.start_worker(stage, number) for number in (1, 2)]
    try:
        yield
    finally:
        await _ended(world, children)


async def _ended(world: Installation, children: Sequence[Child]) -> None:
    for child in children:
        world.signal(child.name, signal.SIGTERM)
    for child in children:
        if child.process is not None:
            await asyncio.wait_for(child.process.wait(), 20.0)


KILLED = ("acknowledged only when durable; deduplication by origin", "simulated: found")
ENDED = ("the batch in hand is finished and committed", "cannot fail: it would be a kill")
FENCED = ("fencing by claims", "simulated: found")

HARMS = "workers"

WORKERS = (
    *(Kind(f"kill-{stage}", partial(_signalled, signal.SIGKILL, 1, stage), 2.0, *KILLED, HARMS) for stage in STAGES),
    *(Kind(f"term-{stage}", partial(_signalled, signal.SIGTERM, 1, stage), 2.0, *ENDED, HARMS) for stage in STAGES),
    *(Kind(f"freeze-{stage}", partial(_overtaken, stage), FROZEN, *FENCED, HARMS) for stage in STAGES),
    Kind("kill-pair", partial(_signalled, signal.SIGKILL, 2, ""), 2.0, *KILLED, HARMS),
    Kind("term-pair", partial(_signalled, signal.SIGTERM, 2, ""), 2.0, *ENDED, HARMS),
    Kind("freeze-pair", _frozen_pair, FROZEN, *FENCED, HARMS),
    *(Kind(f"scale-{stage}", partial(_three, stage), 15.0, *FENCED, HARMS) for stage in STAGES),
)
