"""Replays files of posts on a running cluster, or on an embedded broker brought up for it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import closing
from pathlib import Path

from pipeline.index.load import open_index
from pipeline.ingest.formats.row import FormatReader
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.replay import ReplayCounts, Speed, parse_speed, replay
from pipeline.runtime.kafka.drain import Drain
from pipeline.runtime.kafka.keyed_backpressure import KeyedByteBudget
from pipeline.runtime.kafka.replay_counts import OutcomeCounter
from pipeline.runtime.process.stack import Stack
from pipeline.settings.settings import Settings
from pipeline.terminal import console
from pipeline.terminal.replay_progress import ReplayProgress


async def replay_files(
    settings: Settings, files: list[str], reader: FormatReader, speed: str, wait: bool
) -> dict[str, float]:
    """Publish the files; gives the counts that the command prints.  Where it brings a cluster up, it always waits."""
    pace = parse_speed(speed)
    started = time.monotonic()
    if settings.kafka.bootstrap:
        run = ReplayRun(settings, files, reader, pace, None)
        return await run.go(started, wait)
    group = f"{settings.kafka.prefix}-replay"
    async with Stack(settings, wait_for=(group,), parent=os.getpid()) as stack:
        stack.start_workers()
        return await ReplayRun(stack.settings, files, reader, pace, stack).go(started, True)


class ReplayRun:
    """One replay against a cluster that runs; `stack` where this process brought it up."""

    def __init__(
        self, settings: Settings, files: list[str], reader: FormatReader, pace: Speed, stack: Stack | None
    ) -> None:
        self._settings = settings
        self._files = files
        self._reader = reader
        self._pace = pace
        self._stack = stack
        self._stop = threading.Event()
        self._said: list[str] = []

    async def go(self, started: float, wait: bool) -> dict[str, float]:
        """Publish, and with `wait` return when all of it is processed; gives the counts of the last line of output."""
        kafka = self._settings.kafka
        group = kafka.wait_for[0] if kafka.wait_for else f"{kafka.prefix}-replay-{os.getpid()}"
        counter = OutcomeCounter(kafka, group) if wait else None
        if counter:
            counter.start()
        try:
            with ReplayProgress() as progress:
                try:
                    counts = await asyncio.to_thread(self._publish, progress)
                finally:
                    self._stop.set()  # Ctrl-C: the thread ends too
                out: dict[str, float] = {
                    "read": counts.read, "published": counts.published, "rejected": counts.rejected,
                }  # fmt: skip
                if counter:
                    await self._drain(counter, progress)
                    out |= await self._outcome(counter)
        finally:
            if counter:
                counter.close()
        console.say(self._said)
        out["seconds"] = round(time.monotonic() - started, 1)
        out["interrupted"] = counts.interrupted
        return out

    def _publish(self, progress: ReplayProgress) -> ReplayCounts:
        kafka = self._settings.kafka
        backpressure = KeyedByteBudget(kafka, stop=self._stop) if kafka.embedded else None
        folder = Path(self._settings.data) / "rejects"
        with (
            RawPublisher(kafka, backpressure=backpressure) as publisher,
            closing(Rejects(folder / "replay.jsonl")) as rejects,
        ):
            counts = replay(
                self._files, self._reader, publisher, rejects=rejects, speed=self._pace,
                progress=progress.published, stop=self._stop, spool_folder=self._settings.data,
            )  # fmt: skip
            self._said = [*self._reader.assumed(), *rejects.summary()]
            return counts

    async def _drain(self, counter: OutcomeCounter, progress: ReplayProgress) -> None:
        drain = Drain(self._settings.kafka)

        def report(left: dict[str, int]) -> None:
            progress.left(left)
            if self._stack:
                self._stack.check()

        try:
            await drain.wait(report)
            await asyncio.to_thread(counter.wait)
        finally:
            drain.close()

    async def _outcome(self, counter: OutcomeCounter) -> dict[str, float]:
        index = open_index(self._settings)
        try:
            await index.refresh()
            indexed = 0
            for ids in counter.mention_ids():
                indexed += await index.existing(ids)
        finally:
            await index.close()
        return {
            "mentions": counter.count("mentions"),
            "indexed": indexed,
            "dead_letters": counter.count("dead_letters"),
            "incidents": counter.count("incidents"),
        }
