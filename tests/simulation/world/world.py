"""The world of one history: clock, broker, groups and workers, from the first input until nothing moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from unittest.mock import patch

from pipeline.alert.stage import Alert
from pipeline.contracts.topics import DEAD_LETTERS, INCIDENTS, MENTIONS_SCORED, POSTS_RAW
from pipeline.index.protocol import DeadLetter
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.redelivery import Original, redeliver
from pipeline.settings.kafka import KafkaSettings
from pipeline.settings.settings import Settings
from pipeline.settings.worker import WorkerSettings
from tests.simulation.history import History
from tests.simulation.inputs import Raw, raw_records
from tests.simulation.world.broker import Broker, Stored, Where
from tests.simulation.world.clients import HOST, Bystander
from tests.simulation.world.elasticsearch import Cluster
from tests.simulation.world.faults import Away, Compact, Faults, Redeliver, Scale, Timed
from tests.simulation.world.group import Group
from tests.simulation.world.loop import VirtualLoop
from tests.simulation.world.outside import Outside
from tests.simulation.world.process import Process

SOURCES = {
    "enrich": (POSTS_RAW.name,),
    "detect": (MENTIONS_SCORED.name,),
    "index": (MENTIONS_SCORED.name, INCIDENTS.name, *(topic.name for topic in DEAD_LETTERS)),
    "alert": (INCIDENTS.name,),
}
PATIENCE = 900.0
"""Virtual seconds after the last input and fault within which everything must be done."""


class World:
    """See the module."""

    def __init__(self, history: History, loop: VirtualLoop, folder: Path) -> None:
        self.history = history
        self.loop = loop
        self.chance = Random(history.seed)
        self.broker = Broker(loop.wall)
        self.cluster = Cluster(loop.time)
        self.faults = Faults(history.faults)
        self.groups = {stage: Group(stage, topics, self.broker, self.chance) for stage, topics in SOURCES.items()}
        self.kafka = KafkaSettings(bootstrap="memory:9092")
        self.worker_settings = WorkerSettings(batch=history.batch_records)
        self.metrics = Metrics()
        self.outside = Outside(self, folder)
        self.processes: dict[str, Process] = {}
        self.notes: list[str] = []
        self.lost: list[tuple[Where, Stored]] = []
        """What retention removed before anybody read it."""
        self.lost_known = 0
        """How many of these can be known to be lost: their group had committed something before."""
        self.interruptions = 0
        """Times that an alert was on its way, or not marked yet, when its worker died, lost its partitions standing
        still, or had the answer lost."""
        self.wakes = 0.0
        """When the last worker that stands still wakes up (virtual seconds)."""
        self._made = 0
        self._people: list[asyncio.Task[None]] = []

    def note(self, text: str) -> None:
        """A line of what happened, for whoever reads the history of a failure."""
        self.notes.append(f"{self.loop.time():8.2f}  {text}")

    async def run(self) -> bool:
        """Live the history; True when everything came to rest within its time."""
        for stage, workers in self.history.workers:
            self.scale(stage, workers)
        timed = [fault for fault in self.history.faults if isinstance(fault, Timed)]
        events: list[tuple[float, Callable[[], None]]] = [
            *((raw.at, self._publisher_of(raw)) for raw in raw_records(self.history.inputs)),
            *((fault.at, self._doing(fault)) for fault in timed),
        ]
        for at, action in sorted(events, key=lambda event: event[0]):
            await asyncio.sleep(max(0.0, at - self.loop.time()))
            action()
        await asyncio.sleep(max(0.0, self.faults.last - self.loop.time()))
        settled = await self._until(self._quiet)
        self.faults.over = True
        await asyncio.sleep(max(0.0, self.wakes - self.loop.time()))
        return settled and await self._until(self._quiet) and await self._until(self._at_rest_since(self.loop.time()))

    def scale(self, stage: str, workers: int) -> None:
        """Have so many workers of a stage; those that are too many finish what they have begun, and end."""
        running = [name for name, process in self.processes.items() if process.stage_name == stage]
        for _ in range(workers - len(running)):
            self._made += 1
            self._start(stage, f"{stage}-{self._made}")
        for instance in running[workers:]:
            process = self.processes.pop(instance)
            process.spawn(process.stop())

    def start_later(self, process: Process, seconds: float) -> None:
        """Start a worker again that has ended, unless it is not wanted any more."""
        self.loop.call_later(seconds, self._start_again, process)

    def waiting(self) -> list[str]:
        """Stages that have not done everything, and what their workers wait for."""
        out = []
        for stage, group in self.groups.items():
            if not group.idle():
                workers = [process for process in self.processes.values() if process.stage_name == stage]
                waits = sorted({str(worker.progress.waiting_for) for worker in workers if worker.progress})
                out.append(f"{stage} has {sum(group.lags())} records left, waits for {', '.join(waits)}")
        restless = [name for name, process in self.processes.items() if not process.rests(0.0)]
        return out or [f"{', '.join(restless)} will not rest"]

    def close(self) -> None:
        """End every worker."""
        for process in self.processes.values():
            process.kill()

    def _start(self, stage: str, instance: str) -> None:
        process = self.processes[instance] = Process(self, stage, instance)
        process.start()

    def _start_again(self, process: Process) -> None:
        if self.processes.get(process.instance) is process:
            self._start(process.stage_name, process.instance)

    def _publisher_of(self, raw: Raw) -> Callable[[], None]:
        return lambda: raw.publish(self.broker, self.loop.wall())

    def _doing(self, fault: Timed) -> Callable[[], None]:
        if isinstance(fault, Scale):
            return lambda: self.scale(fault.stage, fault.workers)
        if isinstance(fault, Compact):
            return lambda: self.broker.compact(at_once=fault.at_once)
        if isinstance(fault, Redeliver):
            return lambda: self._people.append(self.loop.create_task(self._redelivered(fault.stage)))
        if isinstance(fault, Away):
            return lambda: self._leave(fault)
        readers = {topic: [stage for stage, topics in SOURCES.items() if topic in topics] for topic in self._topics()}
        return lambda: self.broker.retain(readers)

    def _leave(self, fault: Away) -> None:
        """Let every worker of a stage end, and have as many again when the time is over."""
        workers = sum(process.stage_name == fault.stage for process in self.processes.values())
        self.scale(fault.stage, 0)
        self.loop.call_later(fault.seconds, self._return, fault, workers)

    def _return(self, fault: Away, workers: int) -> None:
        before = self.loop.wall() - fault.seconds / 2
        for where in self.groups[fault.stage].places():
            committed = self.broker.committed(fault.stage, where)
            if self.groups[fault.stage].read.get(where, 0) > (committed or 0):
                continue  # somebody may do something with them
            gone = [record for record in self.broker.remove(where, before) if record.offset >= (committed or 0)]
            self.lost += [(where, record) for record in gone]
            self.lost_known += len(gone) if committed is not None else 0
        self.note(f"{fault.stage} is back, {len(self.lost)} records were removed before it read them")
        running = sum(process.stage_name == fault.stage for process in self.processes.values())
        self.scale(fault.stage, max(workers, running))

    async def _redelivered(self, stage: str) -> None:
        """Publish dead letters again, as `groundswell dead-letters replay` does."""
        HOST.set(Bystander(self.broker, self.cluster))
        index = self.outside.open_index()
        letters = await index.dead_letters(stage=stage, limit=1_000)
        await index.close()
        self.note(f"{len(letters)} letters of {stage} are published again")
        redelivery = "pipeline.runtime.kafka.redelivery"
        with (
            patch(f"{redelivery}.open_index", lambda settings: self.outside.open_index()),
            patch(f"{redelivery}.fetch", lambda settings, letter: self._original(letter)),
        ):
            await redeliver(Settings(kafka=self.kafka), letters)

    def _original(self, letter: DeadLetter) -> Original | None:
        """The record of a letter, where its topic still has it."""
        found = self.broker.log((letter.topic, letter.partition)).since(letter.offset, 1)
        return Original(found[0].key, found[0].value) if found and found[0].offset == letter.offset else None

    @staticmethod
    def _topics() -> set[str]:
        return {topic for topics in SOURCES.values() for topic in topics}

    def _at_rest_since(self, time: float) -> Callable[[], bool]:
        """Whether all is quiet, and so every worker says, which has looked after its state since."""
        return lambda: self._quiet() and all(process.rests(time) for process in self.processes.values())

    def _quiet(self) -> bool:
        idle = all(group.idle() for group in self.groups.values()) and all(task.done() for task in self._people)
        return idle and self._all_alerted()

    def _all_alerted(self) -> bool:
        """Whether nothing waits for its receiver, as far as the workers of that stage know: all live, and say so."""
        workers = [process for process in self.processes.values() if process.stage_name == "alert"]
        return all(isinstance(worker.stage, Alert) and worker.alive and worker.alerted() for worker in workers)

    async def _until(self, done: Callable[[], bool]) -> bool:
        """Wait until something holds for three seconds on end; False when it does not within `PATIENCE`."""
        end, since = self.loop.time() + PATIENCE, 0
        while since < 3:
            if self.loop.time() > end:
                return False
            await asyncio.sleep(1.0)
            since = since + 1 if done() else 0
        return True


def live(history: History, folder: Path, look: Callable[[World, bool], Awaitable[None]]) -> None:
    """Live a history from beginning to end on a clock of its own, and have somebody look at the world then."""
    loop = VirtualLoop()
    loop.set_exception_handler(lambda loop, context: None)

    async def everything() -> None:
        world = World(history, loop, folder)
        settled = await world.run()
        HOST.set(Bystander(world.broker, world.cluster))
        await look(world, settled)
        world.close()
        await world.outside.close()

    try:
        loop.run_until_complete(everything())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()
