"""A worker of the alert stage that runs batches in the order of the real one, and can be killed at any step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from pipeline.alert.delivery import RetryLimits
from pipeline.alert.stage import Alert
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.publisher import Sent, ToSend
from pipeline.runtime.worker.processor import Processor
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.alert.notifiers import Clock, Memory


class Died(BaseException):
    """The worker is gone."""


class Letter(NamedTuple):
    """What a dead letter says of its record."""

    offset: int
    code: str
    reason: str


STEPS = ("handle", "flush", "acknowledge", "send", "mark")
"""The steps of an alert, in the order in which a worker does them."""


class Driver:
    """Runs batches through the processor of the workers, in its order.  A driver with the store of another one is the
    worker that comes after it: it knows only what was written."""

    def __init__(self, *notifiers: Memory, store: MemoryStore | None = None) -> None:
        clock = Clock()
        self.clock = clock
        self.counted: list[tuple[str, str]] = []
        self.waiting: dict[str, int] = {}
        self.stage = Alert(
            notifiers,
            limits=RetryLimits(sleep=clock.sleep, clock=clock),
            observe=lambda notifier, outcome: self.counted.append((notifier, outcome)),
            waiting=self.waiting.__setitem__,
        )
        self.store = store or MemoryStore()
        self.state = State(self.store, self.stage.codec)
        self.letters: list[Letter] = []
        metrics = Metrics()
        self.progress = WorkerProgress("alert", metrics)
        self.processor = Processor(self.stage, self.state, self, metrics, self.progress)

    async def send(self, messages: Sequence[ToSend]) -> Sent:
        """As a publisher: all that this stage publishes are dead letters."""
        for message in messages:
            said = {name: value.decode() for name, value in message.headers}
            self.letters.append(Letter(int(said["offset"]), said["code"], said["reason"]))
        return Sent()

    async def run(self, batch: Sequence[Record], *, turns: int = 400) -> list[Letter]:
        """The dead letters of a batch, after so many turns of the worker."""
        self.letters = []
        await self.processor.process(batch)
        await self.serve(turns)
        return self.letters

    async def serve(self, turns: int = 400) -> None:
        """The worker's turns between batches, until nothing waits."""
        for _ in range(turns):
            await self.processor.serve_outbox([0])
            if not self.stage.waiting():
                break
            await asyncio.sleep(0)

    async def run_until(self, step: str, batch: Sequence[Record]) -> None:
        """A batch, until the worker is killed right before this step of the first alert that gets there."""
        owner, name = {
            "handle": (self.stage, "handle"),
            "flush": (self.state, "flush"),
            "acknowledge": (self, "acknowledge"),
            "send": (next(iter(self.stage._notifiers)), "send"),
        }[step]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, _die if step in ("flush", "send") else _die_at_once)
            with pytest.raises(Died):
                await self._live(batch)
        for channel in self.stage._channels.values():
            channel.close()

    async def _live(self, batch: Sequence[Record]) -> None:
        await self.processor.process(batch)
        self.acknowledge()
        for _ in range(400):
            await self.processor.serve_outbox([0])
            await asyncio.sleep(0)

    def acknowledge(self) -> None:
        """The records are done with."""


async def _die(*_: object) -> None:
    raise Died


def _die_at_once(*_: object) -> None:
    raise Died
