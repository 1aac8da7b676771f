"""The consume loop, on Faust: acknowledges records only after all effects are durable.

Measured on faust-streaming 0.15.3: `take()` and `async for` acknowledge what failed; `noack_take` leaves that to us, so
it is the only way in which we read.  Events come as raw bytes; the body does not raise, and what goes wrong beyond
repair ends the process with status 70, so that the supervisor starts it anew from the last acknowledged record.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.types import TP

from pipeline.contracts.headers import ARRIVED, arrival
from pipeline.contracts.origin import ORIGIN, SIZE
from pipeline.errors import TransientError
from pipeline.observability.metrics import Metrics
from pipeline.runtime.stores.changelog import Fenced
from pipeline.runtime.worker.gaps import LostRecords
from pipeline.runtime.worker.merge import ArrivalMerge
from pipeline.runtime.worker.processor import Processor
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.settings.worker import WorkerSettings
from pipeline.stages.records import PartitionId, Record
from pipeline.stages.state import Store

log = structlog.get_logger()

UNEXPECTED = 70
"""Exit status of a worker that met something it cannot handle (EX_SOFTWARE of sysexits.h)."""

PAUSE = 0.3
"""Seconds that a merging stage lets pass after a record was produced: for earlier ones that are still on their way."""

IN_FLIGHT = 10.0
"""Seconds for which what is on its way to a receiver is waited for when partitions go to another worker."""

IN_FLIGHT_AT_END = 2.0
"""The same when the worker ends."""

VERIFIED = 3.0
"""Seconds for which a look at the claims holds; with the lease of an outbox less than the session time-out."""

SWEPT = 60.0
"""Seconds between looks at what workers of the past have written late to the state of partitions in hand."""

UNREAD = 10.0
"""Seconds without progress, though records wait, after which the broker is asked whether it has them still."""

HELD = 8_000
"""Records in hand at which reading pauses, unless the merge waits for a partition: then only reading on helps."""


class ConsumeLoop:
    """Reads the sources of a stage through a Faust stream and carries batches through the processor.

    Guarantees: a record is acknowledged only after everything that follows from it is durable; records of a partition
    are handled in order; offsets that were skipped are counted and logged as lost.
    """

    def __init__(
        self, app: Any, processor: Processor, store: Store, settings: WorkerSettings, metrics: Metrics,
        progress: WorkerProgress, *, clock: Callable[[], float] = time.time, end: Callable[[int], object] = os._exit,
    ) -> None:  # fmt: skip
        """`clock` gives wall-clock seconds; `end` ends the process with a status and does not return."""
        self._app = app
        self._processor = processor
        self._store = store
        self._settings = settings
        self._metrics = metrics
        self._progress = progress
        self._clock = clock
        self._end_process = end
        compacted = {topic.name for topic in processor.stage.sources if topic.compacted}
        self._lost = LostRecords(processor.stage.name, metrics, compacted, self._committed)
        self._starts_due = 0.0
        self._merges = processor.stage.merges
        self._merge: ArrivalMerge[tuple[Record, Any]] = ArrivalMerge(pause=PAUSE if self._merges else 0.0)
        self._received: dict[PartitionId, int] = {}
        self._recovered: set[int] = set()
        self._verified: dict[int, float] = {}
        self._sweep_due = 0.0
        self.swept = 0.0
        """When the state of all partitions in hand was looked after last, on the loop's clock; 0 for never."""
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._starved = True
        self._ending = False
        self._busy = False
        self._working: asyncio.Task[None] | None = None
        if processor.outbox is not None:
            processor.outbox.on_news(self._news.set)

    async def run(self, stream: Any) -> None:
        """The body of the agent; ends the process on anything unexpected.

        Only from here on can the lag be asked for: Faust makes its consumer for the event loop of whoever needs it
        first, and that must not be the thread that answers for our health.
        """
        self._progress.lag = self.lag
        work = self._working = asyncio.ensure_future(self._work())
        try:
            async for events in stream.noack_take(self._settings.batch, within=self._settings.within):
                self._receive(events)
                if len(self._merge) > HELD and not self._starved:
                    self._room.clear()
                    await self._room.wait()
        except Exception:
            self._end()
        finally:
            work.cancel()

    async def _work(self) -> None:
        self._sweep_due = asyncio.get_running_loop().time() + SWEPT
        try:
            while not self._ending:
                self._news.clear()
                if not self._app.consumer.flow_active:
                    self._let_go()
                batch = self._merge.pop(self._settings.batch, self._clock(), self._pending, self._assigned())
                self._starved = not batch
                if self._starved or len(self._merge) <= HELD:
                    self._room.set()
                self._busy = True
                if batch:
                    await self._process(batch)
                await self._serve_outbox()
                await self._sweep()
                self._busy = False
                if batch:
                    continue
                if not len(self._merge):
                    await self._count_removed()
                    if self.lag() == 0:
                        self._progress.advanced()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.02 if len(self._merge) else 1.0)
        except Exception:
            self._end()

    async def finish(self, within: float) -> None:
        """Begin nothing new; the batch in hand has `within` seconds, or one when it waits for something outside.

        What is not acknowledged then comes again, and Faust, which would wait for it for ever, is not to.
        """
        self._ending = True
        if self._working is None:
            return
        self._let_go()
        self._room.set()
        began = time.monotonic()
        while self._busy and (gone := time.monotonic() - began) < within:
            if gone > 1.0 and self._progress.held_up():
                break
            await asyncio.sleep(0.02)
        await self._finish_outbox(IN_FLIGHT_AT_END)
        self._working.cancel()
        await asyncio.wait({self._working}, timeout=1.0)
        self._app.consumer._unacked_messages.clear()

    def _let_go(self) -> None:
        """Drop what is in hand and not begun: partitions are being handed round, and it will come again.

        Faust waits then for every message that it gave out to be acknowledged; these are not to be waited for.
        """
        for _, event in self._merge.clear():
            self._app.consumer._unacked_messages.discard(event.message)
        self._received.clear()

    def _end(self) -> None:
        log.exception("unexpected error: the worker ends", stage=self._processor.stage.name, status=UNEXPECTED)
        sys.stderr.flush()
        self._end_process(UNEXPECTED)

    def _receive(self, events: Sequence[Any]) -> None:
        """Take events in hand, and look for offsets that never came.

        What was read before partitions were handed round last comes again, from the last committed offset on; taken
        now it would overtake what comes before it, and the next stage would drop that as a repeat.
        """
        items = []
        name, generation = self._processor.stage.name, self._app.consumer_generation_id
        for event in events:
            if self._ending or event.message.generation_id != generation:
                self._app.consumer._unacked_messages.discard(event.message)
                continue
            record = _record(event.message)
            where = (record.topic, record.partition)
            self._received[where] = record.offset
            self._lost.came(where, record.offset)
            items.append((record, (record, event)))
        self._merge.push(items)
        for topic, count in Counter(item[0].topic for item in items).items():
            self._metrics.records_in.labels(name, topic).inc(count)
        self._news.set()

    async def _count_removed(self) -> None:
        """Where records wait and nothing comes, ask whether they are there at all: what retention has removed counts as
        lost, and a worker that has nothing to read is not stuck."""
        now = asyncio.get_running_loop().time()
        if self._progress.stuck_for() < UNREAD or now < self._starts_due or not self._app.consumer.flow_active:
            return
        self._starts_due = now + UNREAD
        try:
            starts = await self._app.consumer.earliest_offsets(*(TP(*where) for where in self._assigned()))
        except KafkaError as error:
            log.info("not known what the broker has", stage=self._processor.stage.name, error=repr(error))
        else:
            self._lost.begins({(topic, partition): start for (topic, partition), start in starts.items()})

    async def _process(self, batch: list[tuple[Record, Any]]) -> None:
        await self._recover({record.partition for record, _ in batch})
        await self._processor.process([record for record, _ in batch])
        for _, event in batch:
            event.ack()
        self._progress.advanced()
        self._metrics.merge_forced.labels(self._processor.stage.name).inc(self._merge.forced)
        self._merge.forced = 0

    async def _recover(self, partitions: set[int]) -> None:
        for partition in sorted(partitions - self._recovered):
            with self._progress.waiting("recovery"):
                await self._processor.retried("state", partial(self._store.recover, partition))
            self._recovered.add(partition)

    async def _sweep(self) -> None:
        """Now and then look after the state of every partition in hand, also of those to which nothing comes: a worker
        that has lost one may have written there what was erased since."""
        now = asyncio.get_running_loop().time()
        if now < self._sweep_due or not self._app.consumer.flow_active:
            return
        self._sweep_due = now + SWEPT
        try:
            await self._recover({partition for _, partition in self._assigned()})
        except Fenced:  # handed on meanwhile: nothing of it is in hand, and nothing was
            return
        try:
            await self._store.sweep()
            self.swept = now
        except TransientError as error:
            log.info("state not looked after", stage=self._processor.stage.name, error=str(error))

    async def _serve_outbox(self) -> None:
        """Have what the state says sent, from the first moment in which a partition is in hand."""
        if self._processor.outbox is None:
            return
        partitions = sorted({partition for _, partition in self._assigned()})
        for partition in partitions if self._app.consumer.flow_active else ():
            await self._processor.retried("state", partial(self._store.recover, partition))
        await self._verify(self._processor.outbox.partitions_waiting())
        await self._processor.serve_outbox(partitions if self._app.consumer.flow_active else None)

    async def _verify(self, partitions: Iterable[int]) -> None:
        """Make sure, every few seconds, that the partitions of which something is to be sent are still ours."""
        now = asyncio.get_running_loop().time()
        for partition in partitions:
            if now - self._verified.get(partition, -VERIFIED) >= VERIFIED:
                await self._processor.retried("state", partial(self._store.verify, partition))
                self._verified[partition] = now

    async def _finish_outbox(self, within: float) -> None:
        """Begin to send nothing new, and wait so long (seconds) for what is on its way: else it is sent again."""
        outbox = self._processor.outbox
        if outbox is None:
            return
        outbox.halt()
        clock = asyncio.get_running_loop().time
        end = clock() + within
        while outbox.in_flight() and clock() < end:
            if self._ending and not self._busy:
                await self._processor.serve_outbox(None)
            await asyncio.sleep(0.02)

    async def revoked(self, partitions: Iterable[TP]) -> None:
        """Partitions may go to another worker: let go of their state."""
        partitions = list(partitions)
        await self._finish_outbox(IN_FLIGHT)
        if self._processor.outbox is not None:
            self._processor.outbox.release({tp.partition for tp in partitions})
        self._let_go()
        for partition in {tp.partition for tp in partitions}:
            self._store.drop(partition)
            self._recovered.discard(partition)
        self._processor.state.drop()
        self._lost.forget()

    def lag(self) -> int:
        """Records that the broker has and that are not acknowledged, over all partitions in hand."""
        return sum(self.lags().values())

    def lags(self) -> dict[PartitionId, int]:
        """The same for each partition."""
        out = {}
        for where in self._assigned():
            end = self._highwater(where)
            if end is not None:
                out[where] = max(0, end - self._done(where))
        return out

    def _done(self, where: PartitionId) -> int:
        """The offset of the first record that is there and not acknowledged."""
        return max(self._committed(where) or 0, self._lost.start(where))

    def _committed(self, where: PartitionId) -> int | None:
        committed: int | None = self._app.consumer._committed_offset.get(TP(*where))
        return committed

    def _assigned(self) -> list[PartitionId]:
        consumer = self._app.consumer
        try:
            return [(tp.topic, tp.partition) for tp in consumer.assignment()]
        except ConsumerNotStarted:
            return []

    def _highwater(self, where: PartitionId) -> int | None:
        end = self._app.consumer.highwater(TP(*where))
        return None if end is None else int(end)

    def _pending(self, where: PartitionId) -> bool:
        """Whether the broker has more of a partition than what has been taken in hand."""
        if not self._merges:
            return False
        end = self._highwater(where)
        if end is None:
            return True
        position = self._received.get(where)
        if position is None:
            return end > self._done(where)
        return end > position + 1


def _record(message: Any) -> Record:
    headers = message.headers or ()
    headers = tuple(headers.items()) if isinstance(headers, dict) else tuple(headers)
    arrived, origin = message.timestamp, b""
    for name, value in headers:
        if name == ARRIVED:
            arrived = arrival(value, message.timestamp)
        elif name == ORIGIN and len(value) == SIZE:
            origin = value
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        message.value,
        message.timestamp,
        arrived,
        headers,
        origin,
    )
