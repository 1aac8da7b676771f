"""Faults of worker processes: killed, asked to end, frozen for longer than their session; in turn and in pairs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from pipeline.contracts.stage_names import STAGES
from tests.chaos.installation import Installation
from tests.chaos.kinds.kind import Kind

FROZEN = 13.0
"""Seconds: the session of a worker ends after 10."""


@asynccontextmanager
async def _signalled(number: signal.Signals, stages: int, stage: str, world: Installation) -> AsyncIterator[None]:
    for name in [stage] if stages == 1 else world.rng.sample(STAGES, stages):
        world.signal(name, number)
    yield


@asynccontextmanager
async def _frozen(stages: int, stage: str, world: Installation) -> AsyncIterator[None]:
    names = [stage] if stages == 1 else world.rng.sample(STAGES, stages)
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
        for child in children:
            world.signal(child.name, signal.SIGTERM)
        for child in children:
            if child.process is not None:
                await asyncio.wait_for(child.process.wait(), 20.0)


KILLED = ("acknowledged only when durable; deduplication by origin", "simulated: found")
ENDED = ("the batch in hand is finished and committed", "cannot fail: it would be a kill")
FENCED = ("fencing by claims", "simulated: found")

WORKERS = (
    *(Kind(f"kill-{stage}", partial(_signalled, signal.SIGKILL, 1, stage), 2.0, *KILLED) for stage in STAGES),
    *(Kind(f"term-{stage}", partial(_signalled, signal.SIGTERM, 1, stage), 2.0, *ENDED) for stage in STAGES),
    *(Kind(f"freeze-{stage}", partial(_frozen, 1, stage), FROZEN, *FENCED) for stage in STAGES),
    Kind("kill-pair", partial(_signalled, signal.SIGKILL, 2, ""), 2.0, *KILLED),
    Kind("term-pair", partial(_signalled, signal.SIGTERM, 2, ""), 2.0, *ENDED),
    Kind("freeze-pair", partial(_frozen, 2, ""), FROZEN, *FENCED),
    *(Kind(f"scale-{stage}", partial(_three, stage), 15.0, *FENCED) for stage in STAGES),
)
