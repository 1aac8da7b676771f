"""`groundswell run`: everything at once, with a simulated stream or with networks."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands import context
from pipeline.commands.sources import COMPANIES, DEMO, NETWORKS
from pipeline.errors import SettingsError

app = context.new_app()


@app.command()
def run(
    source: Annotated[
        list[str] | None, typer.Option(help="What to ingest: demo, or networks such as bluesky; repeat for several")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the demonstration")] = 1,
) -> None:
    """Start everything: broker, workers, page, and alerts in this terminal.

    Without --source it shows a simulated stream of invented companies.

    Example:  `groundswell run`   or   `groundswell run --source bluesky`
    """
    sources = source or [DEMO]
    unknown = [name for name in sources if name not in NETWORKS]
    if unknown:
        raise SettingsError("no such source", subject=", ".join(unknown), todo=f"Known are {', '.join(NETWORKS)}")
    context.put("alert.terminal", True)
    if DEMO in sources:
        _for_demo()
    settings = context.load()
    if not settings.alert.page_url:
        context.put("alert.page_url", f"http://{settings.web.host}:{settings.web.port}/")

    import asyncio

    from pipeline.commands.streaming.full_stack import run_until_signal

    asyncio.run(run_until_signal(context.load(), sources, seed))


def _for_demo() -> None:
    """The demonstration has a folder of its own, made anew each time, and knows its invented companies."""
    data = context.load().data / DEMO
    context.put("data", str(data))
    context.put("enrich.catalogue", str(data / COMPANIES))
