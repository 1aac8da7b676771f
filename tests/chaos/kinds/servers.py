"""Faults of the servers: killed, restarted, frozen, slow, read-only, refusing, full."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx

from tests.chaos.installation import Installation
from tests.chaos.kinds.kind import Kind

WATERMARKS = "cluster.routing.allocation.disk.watermark"


@asynccontextmanager
async def _kafka_down(hard: bool, world: Installation) -> AsyncIterator[None]:
    await (world.servers.kafka.kill() if hard else world.servers.kafka.end())
    try:
        yield
    finally:
        await world.servers.start_kafka()


@asynccontextmanager
async def _elastic_down(hard: bool, world: Installation) -> AsyncIterator[None]:
    await (world.servers.elastic.kill() if hard else world.servers.elastic.end())
    try:
        yield
    finally:
        await world.servers.start_elastic()


@asynccontextmanager
async def _frozen(name: str, world: Installation) -> AsyncIterator[None]:
    server = world.servers.kafka if name == "kafka" else world.servers.elastic
    server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal(signal.SIGCONT)


@asynccontextmanager
async def _refusing(status: int, world: Installation) -> AsyncIterator[None]:
    links = world.servers.elastic_links.values()
    for link in links:
        link.status = status
        link.set("refuse")
    try:
        yield
    finally:
        for link in links:
            link.set("pass")


@asynccontextmanager
async def _read_only(world: Installation) -> AsyncIterator[None]:
    await _put(world, f"{world.settings.index.prefix}*/_settings", {"index.blocks.write": True})
    try:
        yield
    finally:
        await _put(world, f"{world.settings.index.prefix}*/_settings", {"index.blocks.write": None})


@asynccontextmanager
async def _full(world: Installation) -> AsyncIterator[None]:
    """Elasticsearch believes that its disk is full and blocks its indices; it lifts the block by itself."""
    too_much = dict.fromkeys([f"{WATERMARKS}.{level}" for level in ("low", "high", "flood_stage")], "100000gb")
    on = {"cluster.routing.allocation.disk.threshold_enabled": True, "cluster.info.update.interval": "10s"}
    await _put(world, "_cluster/settings", {"persistent": too_much | on})
    await _blocked(world, True)
    try:
        yield
    finally:
        little = dict.fromkeys(too_much, "1mb")
        await _put(world, "_cluster/settings", {"persistent": little})
        await _blocked(world, False)
        await _put(world, "_cluster/settings", {"persistent": dict.fromkeys(too_much | on)})


async def _blocked(world: Installation, wanted: bool, within: float = 90.0) -> None:
    """Wait until the server has set its own block on every index of ours, or lifted it."""
    for _ in range(round(within)):
        answer = await _ask(world, "GET", f"{world.settings.index.prefix}*/_settings/index.blocks.*")
        blocked = [bool(found["settings"]) for found in answer.values()]
        if (all(blocked) and bool(blocked)) if wanted else not any(blocked):
            return
        await asyncio.sleep(1.0)
    raise TimeoutError(f"Elasticsearch has {'not blocked its indices' if wanted else 'left its block'}")


async def _put(world: Installation, path: str, body: dict[str, Any]) -> None:
    await _ask(world, "PUT", path, body)


async def _ask(world: Installation, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    servers = world.servers
    async with httpx.AsyncClient(trust_env=False, timeout=30.0, auth=("elastic", servers.password)) as client:
        answer = await client.request(method, f"{servers.url}/{path}", json=body)
        answer.raise_for_status()
        return answer.json()


HELD = "what the index did not take is written again, its offsets are held"
PASSING = "a block counts as passing, nothing becomes a letter"
AGAIN = "what the broker did not take is sent again"
SAME = "the same protection as elastic-503, seen there"
SHORTER = "cannot be seen: every time-out is longer"
SELDOM = "seldom seen: at ten posts a second hardly anything is on its way just then; simulated"
LINKS = "links to elastic"

SERVERS = (
    Kind("kafka-killed", partial(_kafka_down, True), 3.0, AGAIN, SELDOM, "Kafka"),
    Kind("kafka-restarted", partial(_kafka_down, False), 3.0, AGAIN, "as kafka-killed, in order", "Kafka"),
    Kind("kafka-frozen", partial(_frozen, "kafka"), 15.0, AGAIN, SELDOM, "Kafka"),
    Kind("elastic-killed", partial(_elastic_down, True), 3.0, HELD, SAME, "Elasticsearch"),
    Kind("elastic-restarted", partial(_elastic_down, False), 3.0, HELD, "as elastic-killed, in order", "Elasticsearch"),
    Kind("elastic-frozen", partial(_frozen, "elastic"), 12.0, HELD, SHORTER, "Elasticsearch"),
    Kind("elastic-429", partial(_refusing, 429), 8.0, HELD, SAME, LINKS),
    Kind("elastic-503", partial(_refusing, 503), 8.0, HELD, "", LINKS),
    Kind("elastic-read-only", _read_only, 6.0, PASSING, "", "Elasticsearch"),
    Kind("elastic-full", _full, 4.0, PASSING, "the same block as read-only, set by the server", "Elasticsearch"),
)
