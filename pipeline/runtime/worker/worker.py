"""One worker: a stage, run by Faust, with its watchdog, health page and metrics."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import structlog

from pipeline.contracts.topics import changelog
from pipeline.observability.health import HealthServer
from pipeline.observability.metrics import Metrics
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
"""Seconds that a worker may take to finish its batch when asked to stop."""


class Worker:
    """Runs a stage until it is asked to stop (SIGTERM or SIGINT: the batch in hand is finished and committed)."""

    def __init__(self, stage: Stage, settings: Settings, metrics: Metrics, instance: str | None = None) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stage = stage
        self.progress = WorkerProgress(stage.name, metrics)
        self._backpressure = _backpressure(stage, settings.kafka, self.progress)
        self._publisher = Publisher(settings.kafka, self._backpressure)
        self._store = _store(stage, settings, self._publisher)
        self._processor = Processor(
            stage, State(self._store, stage.codec), self._publisher, metrics, self.progress,
            timeout=settings.model.timeout + settings.worker.stuck_seconds,
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
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        await self._publisher.start()
        self._app.finalize()
        await self._app.start()
        self.progress.ready = True
        log.info("worker running", stage=self._stage.name, metrics=f"http://127.0.0.1:{health.port}/metrics")
        watchdog = asyncio.create_task(self._watch())
        crash = asyncio.create_task(self._app.wait_until_stopped())
        await asyncio.wait({asyncio.create_task(stop.wait()), crash}, return_when=asyncio.FIRST_COMPLETED)
        watchdog.cancel()
        if not stop.is_set():
            log.error(
                "the consumer crashed: the worker ends", stage=self._stage.name, error=repr(self._app.crash_reason)
            )
            os._exit(UNEXPECTED)
        await self._stop(health)

    async def _stop(self, health: HealthServer) -> None:
        try:
            await asyncio.wait_for(self._app.stop(), STOP_WITHIN)
            await self._processor.close()
            await self._publisher.close()
            await self._store.close()
        except TimeoutError:
            log.warning("did not stop in time; unacknowledged records will come again", stage=self._stage.name)
        health.close()
        log.info("worker stopped", stage=self._stage.name)

    def healthy(self) -> tuple[bool, dict[str, object]]:
        """For `/healthz`: not stuck, and what it is doing."""
        stuck = self.progress.stuck_for()
        details: dict[str, object] = {
            "stage": self._stage.name,
            "ready": self.progress.ready,
            "lag": self.progress.lag(),
            "waiting_for": self.progress.waiting_for,
            "stuck_seconds": round(stuck, 1),
        }
        return stuck < self._settings.worker.stuck_seconds, details

    async def _watch(self) -> None:
        """Publish the lag, and end the process when nothing moves although records wait."""
        while True:
            await asyncio.sleep(2.0)
            self._metrics.lag.clear()  # partitions that went elsewhere leave no lag behind
            for (topic, partition), lag in self._loop.lags().items():
                self._metrics.lag.labels(self._stage.name, topic, str(partition)).set(lag)
            stuck = self.progress.stuck_for()
            if stuck > self._settings.worker.stuck_seconds:
                log.error(
                    "no progress: the worker ends", stage=self._stage.name, seconds=round(stuck), lag=self._loop.lag()
                )
                sys.stderr.flush()
                os._exit(UNEXPECTED)

    async def _revoked(self, app: Any, revoked: Any = (), **_: Any) -> None:
        self._loop.revoked(revoked)


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
    if settings.kafka.embedded:
        return SqliteStore(settings.data / "state" / f"{stage.name}.sqlite")
    return ChangelogStore(settings.kafka, changelog(stage.name).name, publisher)


def _announce(settings: Settings, stage: str, port: int) -> None:
    """Note where the health page listens, for the supervisor and `doctor`."""
    folder = Path(settings.data) / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stage}.{os.getpid()}").write_text(f"http://{settings.metrics.host}:{port}\n")
