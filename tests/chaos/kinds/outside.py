"""Faults of what is around a worker: its model, its disk, the receiver of alerts, clocks, and what it is sent."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from models.manifest import WEIGHTS
from pipeline.contracts.stage_names import STAGES
from tests.chaos.installation import Installation
from tests.chaos.kinds.kind import BEFORE, Kind
from tests.chaos.traffic import BEGAN

HOUR = 3_600.0
JUNK = (b"", b"not JSON", b"{}", b'{"type":"post"}', b'{"type":"unknown"}', b"\xff\xfe", b"[1,2]", b"x" * 1_900_000)


@asynccontextmanager
async def _model_corrupt(world: Installation) -> AsyncIterator[None]:
    """A few of the model's weights are others while enrich starts, with which it would run and be wrong: it must end in
    a sentence, and go on when the file is back."""
    file = world.model / WEIGHTS
    good = file.read_bytes()
    middle = len(good) // 2
    file.write_bytes(good[:middle] + bytes(byte ^ 1 for byte in good[middle : middle + 64]) + good[middle + 64 :])
    child = world.worker("enrich")
    restarts = child.restarts
    world.signal("enrich", signal.SIGKILL)
    try:
        yield
        for _ in range(60):
            if child.restarts >= restarts + 2:
                break
            await asyncio.sleep(1.0)
    finally:
        file.write_bytes(good)
    words = child.last_error
    if child.restarts < restarts + 2 or "Traceback" in words or not words:
        raise AssertionError(f"enrich with a corrupt model ended {child.restarts - restarts} times, saying {words!r}")


@asynccontextmanager
async def _disk_full(world: Installation) -> AsyncIterator[None]:
    """No worker can write another byte into any file, its log included."""
    pids = [child.process.pid for name in STAGES if (child := world.worker(name)).process is not None]
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@asynccontextmanager
async def _receiver_away(world: Installation) -> AsyncIterator[None]:
    world.receiver.away = True
    world.traffic.crowd(world.rng.randrange(6))
    try:
        yield
    finally:
        world.receiver.away = False


@asynccontextmanager
async def _clock_ahead(world: Installation) -> AsyncIterator[None]:
    """A source's clock is two hours ahead (letters), another's half an hour (which counts)."""
    for number in range(6):
        world.traffic.say(number, "so so today.", ahead=BEGAN + 2 * HOUR, fate="letter")
        world.traffic.say(number, "so so today.", ahead=0.5 * HOUR)
    yield


@asynccontextmanager
async def _clock_back(world: Installation) -> AsyncIterator[None]:
    """A source's clock is ten days back (in the index alone), another's an hour."""
    for number in range(6):
        world.traffic.say(number, "so so today.", ahead=-240 * HOUR, fate="uncounted")
        world.traffic.say(number, "so so today.", ahead=-HOUR)
    yield


@asynccontextmanager
async def _junk(world: Installation) -> AsyncIterator[None]:
    for value in JUNK:
        world.traffic.junk(value)
    yield


OUTSIDE = (
    Kind("model-corrupt", _model_corrupt, 5.0, "the artefact is checked before a worker starts", ""),
    Kind("disk-full", _disk_full, 6.0, "no work stops for its log", BEFORE, "files"),
    Kind("receiver-away", _receiver_away, 30.0, "a receiver is tried until it answers", "", "receiver"),
    Kind("clock-ahead", _clock_ahead, 1.0, "future dates become letters", "", "posts"),
    Kind("clock-back", _clock_back, 1.0, "what is too old is not counted", "", "posts"),
    Kind("junk", _junk, 1.0, "dead letters", "", "posts"),
)
