"""A worker as a process that can be killed or stand still between any two of its steps.

It is put together as `pipeline.runtime.worker.worker.Worker` does it: publisher, store, state, processor, consume loop,
all of them the real ones.  Everything that reaches outside passes a point first; a process that is dead gets no
further.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from random import Random
from typing import TYPE_CHECKING, Any

from pipeline.alert.stage import Alert
from pipeline.errors import GroundswellError
from pipeline.runtime.kafka.publisher import Publisher
from pipeline.runtime.worker.consume import ConsumeLoop
from pipeline.runtime.worker.processor import Processor
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.stages.state import State
from tests.simulation.world.broker import Broker
from tests.simulation.world.clients import HOST
from tests.simulation.world.elasticsearch import Cluster
from tests.simulation.world.faults import Crash, LostAck, Outside, Pause
from tests.simulation.world.group import SESSION
from tests.simulation.world.reader import Reader

if TYPE_CHECKING:
    from pipeline.stages.stage import Stage
    from pipeline.stages.state import Store
    from tests.simulation.world.world import World

AGAIN_AFTER = 2.0
"""Seconds until the supervisor starts a worker again that ended by itself."""


class Killed(BaseException):
    """The process is dead: nothing of it goes on, and nothing in it can catch this."""


class Process:
    """See the module; `instance` is the worker's name in its group, the same after a restart."""

    def __init__(self, world: World, stage: str, instance: str) -> None:
        self.world = world
        self.stage_name = stage
        self.instance = instance
        self.alive = True
        self.broker: Broker = world.broker
        self.cluster: Cluster = world.cluster
        self.chance: Random = world.chance
        self.batch_messages = 1 if stage in world.history.one_by_one else 1_000
        self.reader = Reader(self, world.groups[stage], world.history.commit_seconds)
        self.stage: Stage | None = None
        self.store: Store | None = None
        self.progress: WorkerProgress | None = None
        self._consume: ConsumeLoop | None = None
        self._standing_still: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._context = copy_context()
        self._context.run(HOST.set, self)

    def start(self) -> None:
        """Begin to work."""
        self.spawn(self._run())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task that dies with the process."""
        task = asyncio.get_running_loop().create_task(work, context=self._context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if not self.alive:
            task.cancel()
        return task

    def kill(self) -> None:
        """End here, as by `kill -9`."""
        if not self.alive:
            return
        self.alive = False
        self._interrupted()
        self.reader.close()
        for task in list(self._tasks):
            task.cancel()
        asyncio.get_running_loop().call_later(SESSION, self.world.groups[self.stage_name].leave, self.reader)

    async def stop(self) -> None:
        """End as on SIGTERM: the batch in hand is finished and committed."""
        await self.reader.give_up()
        self.world.groups[self.stage_name].leave(self.reader)
        self.kill()

    def stand_still(self, seconds: float) -> None:
        """Do nothing for a while, as between SIGSTOP and SIGCONT."""
        if self._standing_still is not None:
            return
        self._standing_still = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, self._wake)
        self.world.wakes = max(self.world.wakes, loop.time() + seconds)
        if seconds > SESSION:
            begun = self._sending()  # which may have been given up when it wakes up, and been received all the same
            loop.call_later(seconds - 0.001, lambda: self._interrupted(begun))
            loop.call_later(SESSION, self.world.groups[self.stage_name].suspect, self.reader)

    async def awake(self) -> None:
        """Return when the process does not stand still; raises `Killed` in a dead one."""
        if self._standing_still is not None:
            await self._standing_still.wait()
        if not self.alive:
            raise Killed

    async def point(self, name: str) -> bool:
        """Pass a point; True when an answer from outside gets lost there."""
        await self.awake()
        fault = self.world.faults.passing(self.stage_name, name)
        if isinstance(fault, Crash):
            self.world.note(f"{self.instance} is killed at {name}")
            self.kill()
            self.world.start_later(self, fault.down)
            raise Killed
        if isinstance(fault, Pause):
            self.world.note(f"{self.instance} stands still at {name}")
            self.stand_still(fault.seconds)
            await self.awake()
        if isinstance(fault, LostAck):
            self._interrupted()
        return isinstance(fault, LostAck)

    def broker_away_for(self) -> float:
        """Seconds until the broker answers; 0 while it does."""
        return self.out_for("broker")

    def out_for(self, what: Outside) -> float:
        """For how many seconds more something outside fails; 0 while it works."""
        return self.world.faults.out_for(what, self.stage_name, self.world.loop.time())

    def alerted(self) -> bool:
        """Of a worker of alerts: whether it has looked at what waits in its partitions, and nothing does."""
        stage = self.stage
        return isinstance(stage, Alert) and not stage.waiting() and stage.holds({p for _, p in self.reader.share})

    def rests(self, since: float) -> bool:
        """Whether it lives, says that nothing waits, and has looked after its state since a time (virtual seconds)."""
        return self.alive and self._consume is not None and self._consume.swept > since and not self._consume.lag()

    def _interrupted(self, begun: bool = False) -> None:
        """Count it when something is on its way to a receiver, or was when it began, or is received and not marked."""
        self.world.interruptions += begun or self._sending()

    def _sending(self) -> bool:
        return isinstance(self.stage, Alert) and self.stage.in_flight()

    def _wake(self) -> None:
        if self._standing_still is not None:
            self._standing_still.set()
            self._standing_still = None

    async def _run(self) -> None:
        world, name = self.world, self.stage_name
        publisher = Publisher(world.kafka)
        try:
            await publisher.start()
        except GroundswellError:
            self._ended(1)
        self.stage = world.outside.stage(name, self)
        self.store = world.outside.store(name, publisher, self)
        self.progress = WorkerProgress(name, world.metrics, world.loop.time)
        state = State(self.store, self.stage.codec)
        processor = Processor(self.stage, state, publisher, world.metrics, self.progress)
        consume = self._consume = ConsumeLoop(
            self.reader, processor, self.store, world.worker_settings, world.metrics, self.progress,
            clock=world.loop.wall, end=self._ended,
        )  # fmt: skip
        self.reader.revoked = consume.revoked
        world.groups[name].join(self.reader)
        await consume.run(self.reader)

    def _ended(self, status: int) -> None:
        """The worker ends by itself; the supervisor starts it again."""
        self.world.note(f"{self.instance} ends with status {status}")
        self.kill()
        self.world.start_later(self, AGAIN_AFTER)
        raise Killed
