"""Drives a stage over records in memory, without a broker, as fast as the CPU allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from itertools import islice
from typing import NamedTuple

from pipeline.stages.records import Outgoing, Record, Rejected
from pipeline.stages.stage import Stage
from pipeline.stages.state import MemoryStore, State


class BatchResult(NamedTuple):
    """What came of a piece of the input, in input order."""

    read: int
    published: list[Outgoing]
    rejected: list[Rejected]


def records(lines: Iterable[bytes], topic: str) -> Iterable[Record]:
    """Lines of a file as records; empty lines are passed over, offsets are line numbers from 0."""
    for number, line in enumerate(lines):
        value = line.strip()
        if value:
            yield Record(topic, 0, number, None, value)


async def through(
    stage: Stage,
    source: Iterable[Record],
    size: int = 256,
    *,
    state: State | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[BatchResult]:
    """Carry records through a stage in batches, its state in memory (constant, but for the stage's own).

    `state` is one to go on with.  After each batch `clock` says which event time (seconds) has passed, so that what is
    kept until then can be forgotten; when not given, it is the latest arrival of a record.
    """
    state = State(MemoryStore(), stage.codec) if state is None else state
    it = iter(source)
    latest = 0.0
    while batch := list(islice(it, size)):
        result = stage.handle(batch, state)
        latest = max(latest, max(record.arrived for record in batch))
        await state.flush(latest if clock is None else clock())
        yield BatchResult(len(batch), result.publish, result.rejected)
