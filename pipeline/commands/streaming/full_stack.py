"""Runs broker, workers, page and agents until a signal, and reports their status."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pipeline.commands.sources import COMPANIES, DEMO
from pipeline.commands.streaming.processes import stop_signal
from pipeline.index.load import open_index
from pipeline.runtime.process.data_folder import DataFolder
from pipeline.runtime.process.preflight import check_port
from pipeline.runtime.process.services import Service, ask_services
from pipeline.runtime.process.stack import Stack, worker_addresses
from pipeline.runtime.process.supervisor import Child
from pipeline.settings.settings import Settings
from pipeline.terminal.console import err
from pipeline.version import installed_version
from pipeline.web.status import write_status

if TYPE_CHECKING:
    from pipeline.index.protocol import Index

STATUS_EVERY = 5.0
"""Seconds between status lines, while something changes."""


async def run_until_signal(settings: Settings, sources: list[str], seed: int) -> None:
    """Bring everything up, and take it down in order on SIGINT or SIGTERM."""
    err.print("Starting Groundswell …")
    stop = asyncio.create_task(stop_signal())
    parent = ["--parent", str(os.getpid())]
    prepare = partial(_prepare, settings, sources)
    async with Stack(settings, parent=os.getpid(), prepare=prepare, hurry=True) as stack:
        stack.start_workers(show_alerts=True)
        stack.start(Child("web", ["web", *parent]))
        for name in sources:
            seeded = ["--seed", str(seed)] if name == DEMO else []
            stack.start(Child(f"ingest-{name}", ["ingest", name, *seeded, *parent]))
        _welcome(stack, sources)
        status = asyncio.create_task(_status(stack, sources))
        await asyncio.wait({stop, status}, return_when=asyncio.FIRST_COMPLETED)
        status.cancel()
        with suppress(asyncio.CancelledError):
            await status
        err.print("\nStopping …")
    err.print("Stopped. The index is kept; what the embedded broker and the detector held is gone.")


def _prepare(settings: Settings, sources: list[str], folder: DataFolder) -> None:
    """Check the ports; the demonstration begins with an empty folder."""
    check_port("page", settings.web.host, settings.web.port, "web.port")
    check_port("metrics", settings.metrics.host, settings.metrics.port, "metrics.port")
    if DEMO in sources:
        from pipeline.simulate.companies import demo_catalogue

        folder.empty()
        (folder.path / COMPANIES).write_text(demo_catalogue(), encoding="utf-8")


def _welcome(stack: Stack, sources: list[str]) -> None:
    settings = stack.settings
    say = err.print
    if DEMO in sources:
        say("[bold]This is a demonstration:[/] the companies are invented and the posts simulated, at a faster clock.")
    say(f"  page    http://{settings.web.host}:{settings.web.port}/")
    kind = "embedded broker, in memory" if settings.kafka.embedded else "your cluster"
    say(f"  topics  posts.raw.v1 → mentions.scored.v1 → incidents.v1   on {settings.kafka.bootstrap} ({kind})")
    say(f"  index   {settings.index.url or settings.data / 'index.sqlite'}")
    say(f"  logs    {settings.data / 'logs'}")
    say("Incidents appear below as they are noticed. Ctrl-C ends it.\n")


async def _write_status(stack: Stack, sources: list[str]) -> None:
    """Let the page say what runs: each process has just been asked."""
    kafka = stack.settings.kafka
    services = await ask_services(stack.children, worker_addresses(stack.settings))
    broker = Service("Kafka", "running", "embedded, in memory" if kafka.embedded else kafka.bootstrap)
    status = {
        "source": "simulation" if DEMO in sources else ", ".join(sources),
        "services": [*services, broker],
        "version": installed_version(),
    }
    write_status(stack.settings.data, status)


async def _status(stack: Stack, sources: list[str]) -> None:
    """One line now and then: that mentions flow, and what is open."""
    index = open_index(stack.settings)
    last = ""
    try:
        while True:
            await _write_status(stack, sources)
            await asyncio.sleep(STATUS_EVERY)
            stack.check()
            line = await _line(index)
            if line != last:
                err.print(f"[dim]{line}[/]")
            last = line
    finally:
        await index.close()


async def _line(index: Index) -> str:
    mentions = await index.count()
    still_open = len(await index.incidents(open_only=True))
    dead = sum((await index.dead_letter_counts()).values())
    plural = "" if still_open == 1 else "s"
    return f"{mentions:,} mentions · {still_open} open incident{plural} · {dead} dead letters"
