"""One worker: a stage, run by Faust, with its watchdog, health page and metrics."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from pipeline.contracts.topics import changelog
from pipeline.errors import GroundswellError, TransientError
from pipeline.observability.health import HealthServer
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.admin import Offsets, topic_ids
from pipeline.runtime.kafka.backpressure import Backpressure, ByteBudget, CommittedOffsets, NoBackpressure
from pipeline.runtime.kafka.clients import group
from pipeline.runtime.kafka.consumer_groups import consumer_groups
from pipeline.runtime.kafka.publisher import Publisher
from pipeline.runtime.stores.changelog import ChangelogStore
from pipeline.runtime.stores.sqlite import SqliteStore
from pipeline.runtime.worker.consume import UNEXPECTED, ConsumeLoop
from pipeline.runtime.worker.faust_app import make_app
from pipeline.runtime.worker.processor import Processor
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.settings.kafka import KafkaSettings
from pipeline.settings.settings import Settings
from pipeline.stages.stage import Stage
from pipeline.stages.state import MemoryStore, State, Store

log = structlog.get_logger()

STOP_WITHIN = 15.0
"""Seconds that a worker may take to end when asked to stop; then it ends, whatever a library waits for."""

FINISH_WITHIN = 8.0
"""Of these, seconds for the batch in hand."""

LEAVE_WITHIN = 5.0
"""And for the consumer, to commit and to leave its group."""

HANDLING_SHARE = 0.75
"""Of `worker.stuck_seconds`, how long the stage may take to handle a batch: a batch is halved before the watchdog ends
the worker."""


class Worker:
    """Runs a stage until it is asked to stop (SIGTERM or SIGINT: the batch in hand is finished and committed)."""

    def __init__(self, stage: Stage, settings: Settings, metrics: Metrics, instance: str | None = None) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stage = stage
        self.progress = WorkerProgress(stage.name, metrics)
        self._stopping = threading.Event()
        self._backpressure = _backpressure(stage, settings.kafka, self.progress)
        self._publisher = Publisher(settings.kafka, self._backpressure)
        self._store = _store(stage, settings, self._publisher)
        self._processor = Processor(
            stage, State(self._store, stage.codec), self._publisher, metrics, self.progress,
            timeout=HANDLING_SHARE * settings.worker.stuck_seconds,
        )  # fmt: skip
        self._app = make_app(stage, settings, instance)
        self._loop = ConsumeLoop(self._app, self._processor, self._store, settings.worker, metrics, self.progress)
        topic = self._app.topic(
            *(t.name for t in stage.sources), key_type=bytes, value_type=bytes, key_serializer="raw",
            value_serializer="raw",
        )  # fmt: skip
        self._app.agent(topic, name=stage.name, concurrency=1)(self._loop.run)
        self._app.on_partitions_revoked.connect(self._revoked)

    async def run(self) -> None:
        """Start, run until stopped, end cleanly."""
        health = HealthServer(
            self._settings.metrics.host, self._settings.metrics.port, self._metrics.registry, self.healthy
        )
        _announce(self._settings, self._stage.name, health.port)
        stop = _stop_signal(self._stage.name)
        stopping = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(self._start(health))
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            log.info("worker stopped before it had started", stage=self._stage.name)
            _end_now(0)
        self._started(starting)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        crash = asyncio.create_task(self._app.wait_until_stopped())
        await asyncio.wait({stopping, crash}, return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        if not stop.is_set():
            log.error(
                "the consumer crashed: the worker ends", stage=self._stage.name, error=repr(self._app.crash_reason)
            )
            _end_now(UNEXPECTED)
        await self._stop(health)

    def _started(self, starting: asyncio.Task[None]) -> None:
        """Raise what a person can mend; end the process on anything else, for threads of libraries would hold it up."""
        try:
            starting.result()
        except GroundswellError:
            raise
        except Exception:
            log.exception("could not start: the worker ends", stage=self._stage.name, status=UNEXPECTED)
            _end_now(UNEXPECTED)

    async def _start(self, health: HealthServer) -> None:
        await asyncio.to_thread(_check_state, self._stage, self._settings.kafka)
        await self._publisher.start()
        self._app.finalize()
        await self._app.start()
        self.progress.ready = True
        log.info("worker running", stage=self._stage.name, metrics=f"http://127.0.0.1:{health.port}/metrics")

    async def _stop(self, health: HealthServer) -> None:
        """End in order; `_stop_signal` ends the process should anything here not come to its end."""
        await self._loop.finish(FINISH_WITHIN)
        stopped, _ = await asyncio.wait({asyncio.create_task(self._app.stop())}, timeout=LEAVE_WITHIN)
        if not stopped:
            log.warning("the broker did not let go; unacknowledged records will come again", stage=self._stage.name)
            _end_now(UNEXPECTED)
        await self._processor.close()
        await self._store.close()
        await self._publisher.close()
        health.close()
        log.info("worker stopped", stage=self._stage.name)

    def healthy(self) -> tuple[bool, dict[str, object]]:
        """For `/healthz`: neither stuck nor waiting for too long, and what it is doing."""
        stuck = self.progress.stuck_for()
        waits = self.progress.waits()
        worker = self._settings.worker
        why = None
        if waits and waits[0].seconds >= worker.waiting_seconds:
            why = f"has waited for {waits[0].what} for {waits[0].seconds:.0f} s"
        elif stuck >= worker.stuck_seconds:
            why = f"has made no progress for {stuck:.0f} s although records wait"
        details: dict[str, object] = {
            "stage": self._stage.name,
            "ready": self.progress.ready,
            "lag": self.progress.lag(),
            "waiting_for": waits[0].what if waits else None,
            "waiting_seconds": round(waits[0].seconds, 1) if waits else 0.0,
            "stuck_seconds": round(stuck, 1),
            "why": why,
        }
        return why is None, details

    def _watch(self) -> None:
        """Publish the lag, and end the process when nothing moves although records wait; in a thread, which goes on
        when the event loop does not."""
        while not self._stopping.wait(2.0):
            self._metrics.lag.clear()  # partitions that went elsewhere leave no lag behind
            for (topic, partition), lag in self._loop.lags().items():
                self._metrics.lag.labels(self._stage.name, topic, str(partition)).set(lag)
            stuck = self.progress.stuck_for()
            if stuck > self._settings.worker.stuck_seconds:
                log.error(
                    "no progress: the worker ends", stage=self._stage.name, seconds=round(stuck), lag=self._loop.lag()
                )
                _end_now(UNEXPECTED)

    async def _revoked(self, app: Any, revoked: Any = (), **_: Any) -> None:
        await self._loop.revoked(revoked)


def _stop_signal(stage: str) -> asyncio.Event:
    """Set on SIGTERM and SIGINT; `STOP_WITHIN` seconds later the process ends, by a thread that nothing can hold up."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        log.warning("did not stop in time; unacknowledged records will come again", stage=stage)
        _end_now(UNEXPECTED)

    def ask(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)
        bound = threading.Timer(STOP_WITHIN, end)
        bound.daemon = True
        bound.start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ask)  # not the loop's own handlers: those wait for a loop that may be busy
    return stop


def _end_now(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # a full disk must not hold up the end
            stream.flush()
    os._exit(status)


def _backpressure(stage: Stage, kafka: KafkaSettings, progress: WorkerProgress) -> Backpressure:
    """Flow control on the embedded broker.  A stage never waits for itself: what it writes to a topic that it also
    reads (the index takes mentions back) is small, and waiting would be for ever."""
    if not kafka.embedded:
        return NoBackpressure()
    own = group(kafka, stage.name)
    others = {topic: [name for name in groups if name != own] for topic, groups in consumer_groups(kafka).items()}
    return ByteBudget(CommittedOffsets(kafka), {t: g for t, g in others.items() if g}, waiting=progress.waiting)


def _store(stage: Stage, settings: Settings, publisher: Publisher) -> Store:
    if not stage.stateful:
        return MemoryStore()
    sources = partial(topic_ids, settings.kafka, [topic.name for topic in stage.sources])
    if settings.kafka.embedded:
        return SqliteStore(settings.data / "state" / f"{stage.name}.sqlite", sources())
    return ChangelogStore(settings.kafka, changelog(stage.name).name, publisher, partial(asyncio.to_thread, sources))


def _check_state(stage: Stage, kafka: KafkaSettings) -> None:
    """Raise `TerminalError` when the topic of a stage's state is gone: its state must not begin anew unasked."""
    if stage.stateful and not kafka.embedded:
        with closing(Offsets(kafka)) as offsets, suppress(TransientError):  # a broker that is away is waited for later
            offsets.ends_of_existing(changelog(stage.name).name)


def _announce(settings: Settings, stage: str, port: int) -> None:
    """Note where the health page listens, for the supervisor and `doctor`."""
    folder = Path(settings.data) / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stage}.{os.getpid()}").write_text(f"http://{settings.metrics.host}:{port}\n")
