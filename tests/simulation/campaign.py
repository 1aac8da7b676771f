"""Lives the histories of many seeds, on one core or several, and collects what failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import count, islice
from typing import NamedTuple

from tests.simulation.checker import Anomaly
from tests.simulation.hazards import HAZARDS
from tests.simulation.history import History
from tests.simulation.protections import PROTECTIONS, Protection, slug
from tests.simulation.run import lived
from tests.simulation.shrink import shortest
from tests.simulation.workload import made

CHUNK = 20


class Failure(NamedTuple):
    """A seed with anomalies."""

    seed: int
    anomalies: list[Anomaly]


class Progress(NamedTuple):
    """A run of seeds that has been lived, what failed in it, and the processor seconds that it took."""

    seeds: int
    failures: list[Failure]
    seconds: float


def campaign(first: int, seeds: int, *, workers: int = 1, protection: str | None = None) -> Iterator[Progress]:
    """The seeds from `first` on, chunk by chunk; with a protection taken out where one is named."""
    starts = range(first, first + seeds, CHUNK)
    chunks = [(start, min(CHUNK, first + seeds - start), protection) for start in starts]
    if workers == 1:
        yield from map(_chunk, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_chunk, chunks)


def without(protection: str | None) -> AbstractContextManager[object]:
    """The pipeline without a protection, by its name on the command line; None for the pipeline as it is."""
    return nullcontext() if protection is None else named(protection).out()


def named(protection: str) -> Protection:
    """The protection of a name on the command line.  Raises `KeyError`."""
    return {slug(one): one for one in PROTECTIONS}[protection]


def found(protection: Protection, most: int = 1_000) -> Failure | None:
    """The first seed that fails without a protection; None when `most` do not."""
    with protection.out():
        return next((failure for seed in islice(count(), most) if (failure := _failure(seed))), None)


def shortest_failing(seed: int, protection: str | None = None) -> History:
    """The shortest history that fails as that of a seed does."""
    with without(protection):
        history = made(seed, HAZARDS)
        name = lived(history).anomalies[0].name
        return shortest(history, lambda candidate: name in lived(candidate).names)


def _chunk(chunk: tuple[int, int, str | None]) -> Progress:
    start, seeds, protection = chunk
    began = time.process_time()
    with without(protection):
        failures = [failure for seed in range(start, start + seeds) if (failure := _failure(seed))]
    return Progress(seeds, failures, time.process_time() - began)


def _failure(seed: int) -> Failure | None:
    anomalies = lived(made(seed, HAZARDS)).anomalies
    return Failure(seed, anomalies) if anomalies else None
