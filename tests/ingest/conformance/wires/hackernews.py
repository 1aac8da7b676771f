"""Hacker News' API as a wire of the conformance suite: `maxitem`, `item/N`, `updates`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Any, Self

from pipeline.ingest.agent import Agent
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.client import HttpClient
from pipeline.ingest.networks.hackernews import HackerNewsAgent
from pipeline.settings.networks import HackerNewsSettings
from tests.ingest.conformance.web import POLLED, Reply, Request, WebWire
from tests.ingest.conformance.wire import Fault

FIRST = 1_000


class HackerNewsWire(WebWire):
    """Items one after another; the first is a story, the others comments on it."""

    network = "hackernews"
    faults = POLLED | {Fault.AHEAD, Fault.BEHIND}
    empty = b"null"

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(tls)
        self.items: dict[int, dict[str, Any]] = {}
        self.updated: list[int] = []
        self._shift = 0
        self._newest = FIRST

    @staticmethod
    def agent(url: str) -> Agent:
        client = HttpClient(Budget("hackernews"), allow_private=True, timeout=0.5)
        return HackerNewsAgent(HackerNewsSettings(url=url, poll=0.02, updates_every=0.02), client)

    async def post(self, count: int) -> None:
        for _ in range(count):
            self._newest += 1
            at, self._shift = int(time.time()) + self._shift, 0
            self.items[self._newest] = {
                "id": self._newest, "by": f"user{self._newest % 7}", "time": at, "type": "comment",
                "text": f"Item {self._newest}: two hours in the queue &amp; nobody there.", "parent": FIRST,
            }  # fmt: skip
            self.sent[f"hackernews:{self._newest}"] = datetime.fromtimestamp(at, UTC)

    async def inject(self, fault: Fault) -> None:
        if fault in (Fault.AHEAD, Fault.BEHIND):
            self._shift = 600 if fault is Fault.AHEAD else -600
        else:
            await super().inject(fault)

    def about_posts(self, request: Request) -> bool:
        return request.path.startswith("/item/")

    def answer(self, request: Request) -> Reply:
        if request.path == "/maxitem.json":
            return Reply.of(self._newest)
        if request.path == "/updates.json":
            return Reply.of({"items": self.updated, "profiles": []})
        number = int(request.path.removeprefix("/item/").removesuffix(".json"))
        return Reply.of(self.items.get(number))

    async def __aenter__(self) -> Self:
        self.items[FIRST] = {
            "id": FIRST, "by": "op", "time": int(time.time()), "type": "story", "title": "Acme Air lost my bag",
        }  # fmt: skip
        await super().__aenter__()
        return self
