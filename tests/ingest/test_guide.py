"""The agent in the guide is short, keeps the contract, and listens."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.ingest.agent import Agent
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.client import HttpClient
from tests.ingest.conformance.web import Reply, Request, WebWire
from tests.ingest.conformance.wire import Fault
from tests.ingest.conformance.world import World
from tests.ingest.conftest import Broker

GUIDE = Path(__file__).parents[2] / "docs" / "adding-a-network.md"
(CODE,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
NAMES: dict[str, Any] = {}
exec(compile(CODE, str(GUIDE), "exec"), NAMES)


class GuestbookWire(WebWire):
    """The guestbook of the guide."""

    network = "guestbook"

    @staticmethod
    def agent(url: str) -> Agent:
        client = HttpClient(Budget("guestbook"), allow_private=True, timeout=0.5)
        agent: Agent = NAMES["GuestbookAgent"](url, client, every=0.02)
        return agent

    async def post(self, count: int) -> None:
        for _ in range(count):
            self.sent[f"guestbook:{len(self.sent) + 1}"] = datetime.fromtimestamp(time.time(), UTC)

    def answer(self, request: Request) -> Reply:
        after = int(request.query["after"])
        entries = list(self.sent.values())
        return Reply.of(
            [
                {"id": number + 1, "by": "ann", "text": "Two hours", "at": entries[number].timestamp()}
                for number in range(after, min(len(entries), after + 3))
            ]
        )


async def test_the_agent_of_the_guide_listens_through_faults(broker: Broker, tmp_path: Path) -> None:
    world = World(broker.bootstrap, tmp_path)
    async with GuestbookWire() as wire:
        async with world.running(wire) as observed:
            for fault in (Fault.DROP, Fault.MALFORMED, Fault.EMPTY, Fault.ERROR, Fault.STALL):
                await wire.inject(fault)
                await wire.post(4)
                await observed.wait(lambda: observed.delivered >= len(wire.sent))
        await wire.post(4)
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.delivered >= 4)
        world.check(wire)


def test_it_has_fewer_than_a_hundred_lines() -> None:
    assert len(CODE.splitlines()) < 100
