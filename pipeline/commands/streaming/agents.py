"""Runs the agents of networks, and publishes their posts until a signal."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial

import structlog

from pipeline.commands.sources import DEMO
from pipeline.errors import SettingsError, TerminalError
from pipeline.ingest.agent import Agent
from pipeline.ingest.budget import Budget
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.listener import Listener
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.registry import AGENTS
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.repeats import RecentEvents
from pipeline.ingest.roots import Roots
from pipeline.observability.agent_metrics import CountedAgent
from pipeline.observability.health import HealthServer
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.keyed_backpressure import KeyedByteBudget
from pipeline.runtime.process.supervisor import end_with_parent
from pipeline.settings.settings import Settings

log = structlog.get_logger()


async def ingest_until_signal(settings: Settings, networks: list[str], seed: int, parent: int | None) -> None:
    """Every named network at once, with metrics of them all on one port.

    An agent that cannot go on ends alone, with an error in the log; raises that error once none is left, or at the end.
    """
    stop, ended = asyncio.Event(), threading.Event()

    def end() -> None:
        stop.set()
        ended.set()  # a publisher may be waiting for slower readers, in a thread

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    end_with_parent(parent)
    publisher = partial(_publisher, settings, ended)
    metrics = Metrics()
    health = _health(settings, metrics)
    with closing(CursorStore(settings.data / "cursors.sqlite")) as cursors:
        try:
            ends = await asyncio.gather(
                *(
                    _demo(publisher, seed, stop)
                    if name == DEMO
                    else _listen(name, settings, metrics, cursors, publisher, stop)
                    for name in networks
                )
            )
            if errors := [error for end in ends for error in end]:
                raise errors[0]
        finally:
            health.close()


def _publisher(settings: Settings, ended: threading.Event) -> RawPublisher:
    backpressure = KeyedByteBudget(settings.kafka, stop=ended) if settings.kafka.embedded else None
    return RawPublisher(settings.kafka, backpressure=backpressure)


def _health(settings: Settings, metrics: Metrics) -> HealthServer:
    """`/metrics` and `/healthz` of the agents; they are well while they run, the metrics say how well."""
    server = HealthServer(
        settings.metrics.host, settings.metrics.port, metrics.registry, lambda: (True, {"stage": "ingest"})
    )
    log.info("agents running", metrics=f"http://{settings.metrics.host}:{server.port}/metrics")
    return server


async def _listen(
    network: str,
    settings: Settings,
    metrics: Metrics,
    cursors: CursorStore,
    connect: Callable[[], RawPublisher],
    stop: asyncio.Event,
) -> list[TerminalError]:
    """Every agent of a network; they share its budget, its roots, and what they have brought lately.  Gives the errors
    of those that could not go on."""
    budget = Budget(network, getattr(settings.ingest, network).budget, cursors)
    recent = RecentEvents(cursors, network, settings.ingest.repeat_window)
    roots, hooks = Roots(), CountedAgent(metrics)
    hooks.watch_budget(network, budget.left)
    agents = AGENTS[network](settings.ingest, budget)
    if not agents:
        raise SettingsError("nothing to listen to", subject=f"ingest.{network}", todo="See docs/ingest.md")

    async def run(agent: Agent) -> TerminalError | None:
        path = settings.data / "rejects" / f"{agent.name.replace('/', '-')}.jsonl"
        with closing(Rejects(path, on_not_stored=lambda code: hooks.not_stored(agent.name, code))) as rejects:
            listener = Listener(
                agent, connect, cursors, rejects, hooks=hooks, recent=recent, budget=budget, roots=roots
            )
            try:
                await listener.run(stop)
            except TerminalError as error:
                log.error("an agent cannot go on", agent=agent.name, error=str(error))
                return error
        return None

    return [error for error in await asyncio.gather(*(run(agent) for agent in agents)) if error is not None]


async def _demo(connect: Callable[[], RawPublisher], seed: int, stop: asyncio.Event) -> list[TerminalError]:
    """Publish the demonstration, each post when it is due."""
    from pipeline.simulate.demo import demo_posts  # numpy, which no other agent needs

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
    return []
