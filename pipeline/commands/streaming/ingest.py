"""`groundswell ingest`: the agents of the networks, and the demonstration."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands import context
from pipeline.commands.sources import NETWORKS
from pipeline.errors import SettingsError

app = context.new_app()


@app.command()
def ingest(
    networks: Annotated[list[str], typer.Argument(help=f"Any of {', '.join(NETWORKS)}")],
    seed: Annotated[int, typer.Option(help="Seed of the demonstration")] = 1,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Listen to networks and publish their posts to Kafka.

    Example:  `groundswell --set kafka.bootstrap=kafka:9092 ingest bluesky`
    """
    unknown = [name for name in networks if name not in NETWORKS]
    if unknown:
        raise SettingsError("no such network", subject=", ".join(unknown), todo=f"Known are {', '.join(NETWORKS)}")
    settings = context.load()
    if not settings.kafka.bootstrap:
        raise SettingsError(
            "no Kafka cluster is named", subject="kafka.bootstrap",
            todo="Set it, or use `groundswell run --source bluesky`, which brings up an embedded one",
        )  # fmt: skip

    import asyncio

    from pipeline.commands.streaming.agents import ingest_until_signal

    asyncio.run(ingest_until_signal(settings, networks, seed, parent))
