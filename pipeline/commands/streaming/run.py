"""`groundswell run`: everything in one go."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from pipeline.commands import context
from pipeline.commands.streaming.worker import stop_signal
from pipeline.settings.settings import Settings
from pipeline.terminal import console

if TYPE_CHECKING:
    from pipeline.index.protocol import Index
    from pipeline.runtime.process.stack import Stack

app = typer.Typer(add_completion=False)

DEMO = "demo"
STATUS_FILE = "status.json"
"""Where the page reads what is running."""

STATUS_EVERY = 5.0
"""Seconds between status lines, while something changes."""


@app.command()
def run(
    source: Annotated[
        list[str] | None, typer.Option(help="What to listen to: demo, or networks such as bluesky; repeat for several")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the demonstration")] = 1,
) -> None:
    """Start everything: broker, workers, page, and alerts in this terminal.

    Without --source it shows a simulated stream of invented companies.

    Example:  `groundswell run`   or   `groundswell run --source bluesky`
    """
    sources = source or [DEMO]
    if DEMO in sources:
        _for_demo(seed)
    else:
        context.put("alert.terminal", True)
    settings = context.load()
    if not settings.alert.page_url:
        context.put("alert.page_url", f"http://{settings.web.host}:{settings.web.port}/")
    asyncio.run(_run(context.load(), sources, seed))


def _for_demo(seed: int) -> None:
    """The demonstration has a folder of its own, made anew each time, and knows its invented companies."""
    from pipeline.simulate.companies import demo_catalogue

    data = context.load().data / DEMO
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    catalogue = data / "companies.yaml"
    catalogue.write_text(demo_catalogue(), encoding="utf-8")
    context.put("data", str(data))
    context.put("enrich.catalogue", str(catalogue))
    context.put("alert.terminal", True)


async def _run(settings: Settings, sources: list[str], seed: int) -> None:
    from pipeline.runtime.process.stack import Stack
    from pipeline.runtime.process.supervisor import Child

    console.err.print("Starting Groundswell …")
    stop = asyncio.create_task(stop_signal())
    parent = ["--parent", str(os.getpid())]
    async with Stack(settings, parent=os.getpid()) as stack:
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
        console.err.print("\nStopping …")
    console.err.print("Stopped. The index is kept; what the embedded broker and the detector held is gone.")


def _welcome(stack: Stack, sources: list[str]) -> None:
    settings = stack.settings
    say = console.err.print
    if DEMO in sources:
        say("[bold]This is a demonstration:[/] the companies are invented and the posts simulated, at a faster clock.")
    say(f"  page    http://{settings.web.host}:{settings.web.port}/")
    kind = "embedded broker, in memory" if settings.kafka.embedded else "your cluster"
    say(f"  topics  posts.raw.v1 → mentions.scored.v1 → incidents.v1   on {settings.kafka.bootstrap} ({kind})")
    say(f"  index   {settings.index.url or settings.data / 'index.sqlite'}")
    say(f"  logs    {settings.data / 'logs'}")
    say("Incidents appear below as they are noticed. Ctrl-C ends it.\n")


def _write_status(stack: Stack, sources: list[str]) -> None:
    """What the page says of what is running."""
    kafka = stack.settings.kafka
    parts = dict.fromkeys(("enrich", "detect", "index", "alert"), "running")
    status = {
        "source": "simulation" if DEMO in sources else ", ".join(sources),
        "running": {**parts, "Kafka": "embedded, in memory" if kafka.embedded else kafka.bootstrap},
        "version": version("groundswell"),
    }
    (stack.settings.data / STATUS_FILE).write_bytes(msgspec.json.encode(status))


async def _status(stack: Stack, sources: list[str]) -> None:
    """One line now and then: that mentions flow, and what is open."""
    from pipeline.index.load import open_index

    index = open_index(stack.settings)
    last = ""
    try:
        while True:
            _write_status(stack, sources)
            await asyncio.sleep(STATUS_EVERY)
            stack.check()
            line = await _line(index)
            if line != last:
                console.err.print(f"[dim]{line}[/]")
            last = line
    finally:
        await index.close()


async def _line(index: Index) -> str:
    mentions = await index.count()
    still_open = len(await index.incidents(open_only=True))
    dead = sum((await index.dead_letter_counts()).values())
    plural = "" if still_open == 1 else "s"
    return f"{mentions:,} mentions · {still_open} open incident{plural} · {dead} dead letters"
