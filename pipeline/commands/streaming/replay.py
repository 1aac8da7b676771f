"""`groundswell replay`: files of posts through the whole pipeline."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.settings.settings import Settings
from pipeline.terminal.replay_progress import ReplayProgress

if TYPE_CHECKING:
    from pipeline.ingest.formats.row import Reader
    from pipeline.ingest.replay import ReplayCounts, Speed
    from pipeline.runtime.kafka.replay_counts import Ledger
    from pipeline.runtime.process.stack import Stack

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    files: Annotated[list[str], typer.Argument(help="Files (.jsonl, .csv, .gz) or - for standard input")],
    format: Annotated[str, typer.Option(help="posts, twcs, or a layout from the settings")] = "posts",
    speed: Annotated[str, typer.Option(help="max, a factor such as 10x, or a rate such as 200/s")] = "max",
    wait: Annotated[bool, typer.Option("--wait", help="Until all of it is processed")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Close with one line of JSON")] = False,
    catalogue: Annotated[str | None, typer.Option(help="An own catalogue, as enrich.catalogue")] = None,
) -> None:
    """Publish files of posts; on the embedded default bring everything up for it, and wait.

    Example:  `groundswell replay support.csv --format twcs --wait --json`
    """
    if catalogue:
        context.put("enrich.catalogue", catalogue)
    settings = context.load()
    counts = asyncio.run(_replay(settings, files, format, speed, wait))
    typer.echo(json.dumps(counts) if as_json else _sentence(counts))
    if counts["interrupted"]:
        raise typer.Exit(130)


def _sentence(counts: dict[str, float]) -> str:
    known = [f"{name.replace('_', ' ')} {value:,}" for name, value in counts.items() if name != "interrupted"]
    return " · ".join(known)


async def _replay(settings: Settings, files: list[str], format: str, speed: str, wait: bool) -> dict[str, float]:
    from pipeline.ingest.formats.formats import reader_for
    from pipeline.ingest.replay import parse_speed

    reader, pace = reader_for(format, settings.ingest), parse_speed(speed)
    started = time.monotonic()
    if settings.kafka.bootstrap:
        run = ReplayRun(settings, files, reader, pace, None)
        return await run.go(started, wait)
    from pipeline.runtime.process.stack import Stack

    group = f"{settings.kafka.prefix}-replay"
    async with Stack(settings, wait_for=(group,), parent=os.getpid()) as stack:
        stack.start_workers()
        return await ReplayRun(stack.settings, files, reader, pace, stack).go(started, True)


class ReplayRun:
    """One replay against a cluster that runs; `stack` where this process brought it up."""

    def __init__(self, settings: Settings, files: list[str], reader: Reader, pace: Speed, stack: Stack | None) -> None:
        self._settings = settings
        self._files = files
        self._reader = reader
        self._pace = pace
        self._stack = stack
        self._stop = threading.Event()

    async def go(self, started: float, wait: bool) -> dict[str, float]:
        """Publish, and with `wait` return when all of it is processed; gives the counts of the last line of output."""
        from pipeline.runtime.kafka.replay_counts import Ledger

        kafka = self._settings.kafka
        group = kafka.wait_for[0] if kafka.wait_for else f"{kafka.prefix}-replay-{os.getpid()}"
        ledger = Ledger(kafka, group) if wait else None
        if ledger:
            ledger.start()
        try:
            with ReplayProgress() as progress:
                try:
                    counts = await asyncio.to_thread(self._publish, progress)
                finally:
                    self._stop.set()  # Ctrl-C: the thread ends too
                out: dict[str, float] = {
                    "read": counts.read, "published": counts.published, "rejected": counts.rejected,
                }  # fmt: skip
                if ledger:
                    await self._drain(ledger, progress)
                    out |= await self._outcome(ledger)
        finally:
            if ledger:
                ledger.close()
        out["seconds"] = round(time.monotonic() - started, 1)
        out["interrupted"] = counts.interrupted
        return out

    def _publish(self, progress: ReplayProgress) -> ReplayCounts:
        from pipeline.ingest.publisher import Publisher
        from pipeline.ingest.rejects import Rejects
        from pipeline.ingest.replay import replay
        from pipeline.runtime.kafka.keyed_backpressure import KeyedGate

        kafka = self._settings.kafka
        gate = KeyedGate(kafka, stop=self._stop) if kafka.embedded else None
        folder = Path(self._settings.data) / "rejects"
        with Publisher(kafka, gate=gate) as publisher, closing(Rejects(folder / "replay.jsonl")) as rejects:
            return replay(
                self._files, self._reader, publisher, rejects=rejects, speed=self._pace,
                progress=progress.published, stop=self._stop, spool_folder=self._settings.data,
            )  # fmt: skip

    async def _drain(self, ledger: Ledger, progress: ReplayProgress) -> None:
        from pipeline.runtime.kafka.drain import Drain

        drain = Drain(self._settings.kafka)

        def report(left: dict[str, int]) -> None:
            progress.left(left)
            if self._stack:
                self._stack.check()

        try:
            await drain.wait(report)
            await asyncio.to_thread(ledger.wait)
        finally:
            drain.close()

    async def _outcome(self, ledger: Ledger) -> dict[str, float]:
        from pipeline.index.load import open_index

        index = open_index(self._settings)
        try:
            await index.refresh()
            indexed = 0
            for ids in ledger.mention_ids():
                indexed += await index.existing(ids)
        finally:
            await index.close()
        return {
            "mentions": ledger.count("mentions"),
            "indexed": indexed,
            "dead_letters": ledger.count("dead_letters"),
            "incidents": ledger.count("incidents"),
        }
