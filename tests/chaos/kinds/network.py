"""Faults of the network between one stage and one server: cut, slow, half-open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.chaos.installation import Installation
from tests.chaos.kinds.kind import Kind
from tests.chaos.kinds.servers import AGAIN, HELD, SAME, SELDOM, SHORTER
from tests.chaos.proxy import Mode


@asynccontextmanager
async def _harmed(server: str, mode: Mode, world: Installation) -> AsyncIterator[None]:
    links = world.servers.kafka_links if server == "kafka" else world.servers.elastic_links
    stage = world.rng.choice(sorted(links))
    world.interruptions += stage == "alert"
    links[stage].set(mode)
    try:
        yield
    finally:
        links[stage].set("pass")


_KINDS: tuple[tuple[str, Mode, float, str, str], ...] = (
    ("kafka", "cut", 12.0, AGAIN, SELDOM),
    ("kafka", "delay", 10.0, AGAIN, SHORTER),
    ("kafka", "half-open", 12.0, AGAIN, "as kafka-cut, and later"),
    ("elastic", "cut", 12.0, HELD, SAME),
    ("elastic", "delay", 10.0, HELD, SHORTER),
    ("elastic", "half-open", 12.0, HELD, "as elastic-cut, and later"),
)

NETWORK = tuple(
    Kind(f"{server}-{mode}", partial(_harmed, server, mode), seconds, guards, without, f"links to {server}")
    for server, mode, seconds, guards, without in _KINDS
)
