"""The protocol of a stage: a plain class, records in, a result out.

Three drivers run the same stages: the Faust worker (production), the file driver (a file in, a file out) and the tests.
What a stage does is tested once, without Faust; what a driver promises (nothing lost, nothing counted twice) is tested
once, for every stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pipeline.contracts.topics import Topic
from pipeline.stages.records import Record, Result
from pipeline.stages.state import Codec, State


class Stage(Protocol):
    """One step of the pipeline.

    `handle` is deterministic in (batch, state), never raises for bad input (it rejects the record) and touches nothing
    outside.  An exception out of it is a defect: the worker logs it and exits with status 70, and the supervisor
    starts it anew from the last acknowledged record.
    """

    name: str
    sources: tuple[Topic, ...]
    stateful: bool
    merges: bool
    """Whether the driver should merge the partitions of the sources in the order of arrival."""

    @property
    def codec(self) -> Codec:
        """How the state of one key becomes bytes."""
        ...

    def handle(self, batch: Sequence[Record], state: State) -> Result: ...

    async def apply(self, effects: Sequence[Any]) -> Result:
        """Carry out the effects of a batch, in order.

        Raises `TransientError` when it should be called again with the same effects; returns what could not be done
        (rejected) and what follows from the effects (publish).
        """
        ...

    async def close(self) -> None:
        """Let go of connections and threads."""
        ...
