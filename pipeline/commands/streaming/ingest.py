"""`groundswell ingest`: the agents of the networks, and the demonstration."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import structlog
import typer

from pipeline.commands import context
from pipeline.commands.streaming.worker import end_with
from pipeline.errors import SettingsError
from pipeline.ingest.bluesky import BlueskyAgent
from pipeline.ingest.publisher import Publisher
from pipeline.observability.agent_metrics import CountedAgent
from pipeline.observability.health import HealthServer
from pipeline.observability.metrics import Metrics
from pipeline.settings.settings import Settings

log = structlog.get_logger()
app = typer.Typer(add_completion=False)

NETWORKS = ("bluesky", "demo")


@app.command()
def ingest(
    networks: Annotated[list[str], typer.Argument(help=f"Any of {', '.join(NETWORKS)}")],
    seed: Annotated[int, typer.Option(help="Seed of the demonstration")] = 1,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Listen to networks and publish what they say to Kafka.

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
    asyncio.run(_ingest(settings, networks, seed, parent))


async def _ingest(settings: Settings, networks: list[str], seed: int, parent: int | None) -> None:
    stop, ended = asyncio.Event(), threading.Event()

    def end() -> None:
        stop.set()
        ended.set()  # a publisher may be waiting for slower readers, in a thread

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    end_with(parent)
    publisher = partial(_publisher, settings, ended)
    metrics = Metrics()
    health = _health(settings, metrics)
    try:
        await asyncio.gather(
            *(
                _demo(publisher, seed, stop) if name == "demo" else _listen(settings, metrics, publisher, stop)
                for name in networks
            )
        )
    finally:
        health.close()


def _publisher(settings: Settings, ended: threading.Event) -> Publisher:
    from pipeline.runtime.kafka.keyed_backpressure import KeyedGate

    gate = KeyedGate(settings.kafka, stop=ended) if settings.kafka.embedded else None
    return Publisher(settings.kafka, gate=gate)


def _health(settings: Settings, metrics: Metrics) -> HealthServer:
    """`/metrics` and `/healthz` of the agents; they are well while they run, the metrics say how well."""
    server = HealthServer(
        settings.metrics.host, settings.metrics.port, metrics.registry, lambda: (True, {"stage": "ingest"})
    )
    log.info("agents running", metrics=f"http://{settings.metrics.host}:{server.port}/metrics")
    return server


async def _listen(settings: Settings, metrics: Metrics, connect: Callable[[], Publisher], stop: asyncio.Event) -> None:
    from pipeline.ingest.cursor import CursorStore
    from pipeline.ingest.listen import Listener
    from pipeline.ingest.rejects import Rejects

    agent = BlueskyAgent(settings.ingest.bluesky)
    with (
        closing(CursorStore(settings.data / "cursors.sqlite")) as cursors,
        closing(Rejects(settings.data / "rejects" / f"{agent.name}.jsonl")) as rejects,
    ):
        await Listener(agent, connect, cursors, rejects, hooks=CountedAgent(metrics)).run(stop)


async def _demo(connect: Callable[[], Publisher], seed: int, stop: asyncio.Event) -> None:
    """Publish the demonstration, each post when it is due."""
    from pipeline.simulate.demo import demo_posts

    publisher = await asyncio.to_thread(connect)
    began = time.monotonic()
    try:
        for post, due in demo_posts(seed, datetime.now(UTC)):
            ahead = began + due - time.monotonic()
            if ahead > 0.0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), ahead)
            if stop.is_set():
                break
            arrived = (post.ingested_at or post.created_at).timestamp()
            await asyncio.to_thread(publisher.publish, post, arrived=arrived)
    finally:
        await asyncio.to_thread(publisher.close)
