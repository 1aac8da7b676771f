"""Lives histories, one after the other, and says what was wrong with each."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import structlog
from msgspec import Struct

from pipeline.detect import COMPILED
from pipeline.detect.state import page, posts
from tests.simulation.checker import Anomaly, check
from tests.simulation.history import History
from tests.simulation.observation import observe
from tests.simulation.world.clients import in_memory
from tests.simulation.world.elasticsearch import in_memory_search
from tests.simulation.world.world import World, live

_MEMORY = Path("/dev/shm")


class Outcome(Struct):
    """What was wrong with a history, what happened in it, and how far it came (virtual seconds)."""

    anomalies: list[Anomaly]
    notes: list[str]
    seconds: float

    @property
    def names(self) -> set[str]:
        """The names of its anomalies."""
        return {anomaly.name for anomaly in self.anomalies}


def lived(history: History) -> Outcome:
    """Live a history; the same history gives the same outcome."""
    outcome = Outcome([], [], 0.0)

    async def look(world: World, settled: bool) -> None:
        seen = await observe(world, settled)
        outcome.anomalies = check(history.inputs, seen, history.hazards)
        outcome.notes, outcome.seconds = seen.notes, world.loop.time()

    before = random.getstate()
    random.seed(history.seed)  # pauses before another try
    try:
        with (
            TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder,
            in_memory(),
            in_memory_search(),
            _pages(history.pages),
            _silence(),
        ):
            live(history, Path(folder), look)
    finally:
        random.setstate(before)
    return outcome


@contextmanager
def _pages(most: int) -> Iterator[None]:
    """The detector remembers so many pages of posts, unless it is compiled: then the number is part of it."""
    with ExitStack() as stack:
        for module in (page, posts) if most and not COMPILED else ():
            stack.enter_context(patch.object(module, "PAGES", most))
        yield


@contextmanager
def _silence() -> Iterator[None]:
    """No log lines: a simulated night has thousands of them."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        structlog.configure(**before)
