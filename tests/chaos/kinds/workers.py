"""Faults of worker processes: killed, asked to end, frozen for longer than their session; in turn and in pairs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from pipeline.contracts.stage_names import STAGES
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
        await world.end_workers(other)


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
        await world.end_workers(*children)


KILLED = "everything before the acknowledgement; what comes again is recognised"
ENDED = ("the batch in hand is finished and committed", "cannot be seen: an end without it is a kill")
FENCED = "fencing by claims, generations, versions"
HARMLESS = {
    "enrich": "cannot be seen: what both publish is recognised by its origin",
    "index": "cannot be seen: both write the same documents, in versions",
    "alert": "cannot be seen: a lease of 4 s ends before a session does",
}
SIMULATED = "simulated"
ORDERLY = "cannot be seen: who is asked to let go has written before; late writes: freeze-detect"
HARMS = "workers"

WORKERS = (
    *(
        Kind(f"kill-{stage}", partial(_signalled, signal.SIGKILL, 1, stage), 2.0, KILLED, SIMULATED, HARMS)
        for stage in STAGES
    ),
    *(Kind(f"term-{stage}", partial(_signalled, signal.SIGTERM, 1, stage), 2.0, *ENDED, HARMS) for stage in STAGES),
    *(
        Kind(f"freeze-{stage}", partial(_overtaken, stage), FROZEN, FENCED, HARMLESS.get(stage, SIMULATED), HARMS)
        for stage in STAGES
    ),
    Kind("kill-pair", partial(_signalled, signal.SIGKILL, 2, ""), 2.0, KILLED, "two of the four, seen there", HARMS),
    Kind("term-pair", partial(_signalled, signal.SIGTERM, 2, ""), 2.0, *ENDED, HARMS),
    Kind("freeze-pair", _frozen_pair, FROZEN, FENCED, "cannot be seen: nobody takes over meanwhile", HARMS),
    *(Kind(f"scale-{stage}", partial(_three, stage), 15.0, FENCED, ORDERLY, HARMS) for stage in STAGES),
)
