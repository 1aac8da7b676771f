"""Faults of the network between one stage and one server: cut, slow, half-open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.chaos.installation import Installation
from tests.chaos.kinds.kind import Kind
from tests.chaos.kinds.servers import AGAIN, HELD
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


_SECONDS: dict[Mode, float] = {"cut": 12.0, "delay": 10.0, "half-open": 12.0}

NETWORK = tuple(
    Kind(f"{server}-{mode}", partial(_harmed, server, mode), seconds, *protection, f"links to {server}")
    for server, protection in (("kafka", AGAIN), ("elastic", HELD))
    for mode, seconds in _SECONDS.items()
)
