"""A stage is a plain class: records in, a result out.  It knows messages, not infrastructure.

Three drivers run the same stages: the Faust worker (production), the file driver (a file in, a file out) and the tests.
What a stage does is tested once, without Faust; what a driver promises (nothing lost, nothing counted twice) is tested
once, for every stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from pipeline.contracts.topics import Topic
from pipeline.errors import Malformed
from pipeline.stages.state import State

REPLAYED = "replayed"
"""Header of a record that a person has sent again from the dead letters."""


class Record(NamedTuple):
    """A record as it came off a topic.  `arrived` is when the pipeline first heard it (event-time order across
    partitions), `timestamp` when it was produced; both in seconds since 1970.  `origin` says which record of an earlier
    topic led to it (`pipeline/contracts/origin.py`), empty where nothing does."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: float = 0.0
    arrived: float = 0.0
    headers: tuple[tuple[str, bytes], ...] = ()
    origin: bytes = b""


class Outgoing(NamedTuple):
    """A message to publish.  `arrived` (seconds) is carried on, so that the next stage can keep event order; `origin`,
    where there is one, so that it knows repeats."""

    topic: str
    key: bytes
    value: bytes
    arrived: float = 0.0
    origin: bytes = b""


class Rejected(NamedTuple):
    """A record that cannot be processed, with the reason; it becomes a dead letter."""

    record: Record
    reason: Malformed


class Result(Struct):
    """What came of a batch: messages to publish, records that cannot be processed, effects to apply.

    The driver publishes, awaits the delivery of every message, applies the effects, writes the state, and only then
    acknowledges the records.  A crash in between makes the batch come again, so messages and effects are idempotent;
    state knows what it has absorbed, because it is written last.
    """

    publish: list[Outgoing] = []
    rejected: list[Rejected] = []
    effects: list[Any] = []


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


class Codec(Protocol):
    """How a stage's state of one key becomes bytes and back; versioned by the stage."""

    def encode(self, value: Any) -> bytes: ...

    def decode(self, data: bytes) -> Any: ...
