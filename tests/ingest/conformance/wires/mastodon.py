"""A Mastodon server: a stream of events and a timeline in pages, as a wire of the conformance suite."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Any

from pipeline.ingest.agent import Agent
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.client import HttpClient
from pipeline.ingest.networks.mastodon import MastodonAgent
from pipeline.settings.networks import MastodonServer
from tests.ingest.conformance.web import Reply, Request, WebWire
from tests.ingest.conformance.wire import Fault

STREAMED = frozenset({Fault.DROP, Fault.REPEAT, Fault.REORDER, Fault.STALL, Fault.MALFORMED, Fault.SLOW})
"""Faults of the stream; the others are those of requests."""


class MastodonWire(WebWire):
    """Statuses by numbers of their time; each of them is streamed and in the timeline."""

    network = "mastodon"
    faults = (
        STREAMED
        | {Fault.BUSY, Fault.BUSY_SILENT, Fault.ERROR, Fault.EMPTY, Fault.AHEAD, Fault.BEHIND}
        | {Fault.TOO_OLD}
    )

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(tls)
        self.statuses: list[dict[str, Any]] = []
        self.events: list[tuple[str, str]] = []
        self._grown = asyncio.Condition()
        self._next: Fault | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._number = 0
        self._shift = 0.0

    @staticmethod
    def agent(url: str) -> Agent:
        client = HttpClient(Budget("mastodon"), allow_private=True, timeout=0.5)
        return MastodonAgent("social.example", MastodonServer(url=url), client, "token", silence=0.8)

    def status(self, number: int, at: float, **changes: Any) -> dict[str, Any]:
        when = datetime.fromtimestamp(at, UTC).isoformat()
        uri = f"https://social.example/users/ann/statuses/{number}"
        account = {"id": "1", "acct": "ann", "display_name": "Ann", "followers_count": 7, "created_at": when}
        return {
            "id": str(number), "uri": uri, "url": uri, "created_at": when, "visibility": "public", "language": "en",
            "content": f"<p>Queue {number}</p>", "account": account, **changes,
        }  # fmt: skip

    async def post(self, count: int) -> None:
        for _ in range(count):
            at = time.time()
            self._number = max(self._number + 1, int(at * 1000) << 16)
            status = self.status(self._number, at + self._shift)
            self._shift = 0.0
            self.statuses.append(status)
            self.sent[f"mastodon:{status['uri']}"] = datetime.fromtimestamp((self._number >> 16) / 1000, UTC)
            self.events.append(("update", json.dumps(status)))
        await self.announce()

    async def announce(self) -> None:
        async with self._grown:
            self._grown.notify_all()

    async def inject(self, fault: Fault) -> None:
        if fault in (Fault.AHEAD, Fault.BEHIND):
            self._shift = 600.0 if fault is Fault.AHEAD else -600.0
            return
        if fault is Fault.TOO_OLD:
            self.statuses.clear()
            return
        if fault in STREAMED:
            self._next = fault
        else:
            self.next_faults.append(fault)
        for writer in self._writers:
            writer.transport.abort()

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer token":
            return Reply(b"{}", 401)
        if request.path.startswith("/api/v1/statuses/"):
            number = request.path.rpartition("/")[2]
            found = [status for status in self.statuses if status["id"] == number]
            return Reply.of(found[0]) if found else Reply(b"{}", 404)
        if request.path.startswith("/api/v1/streaming"):
            return Reply(b"")
        since = int(request.query["min_id"])
        page = [status for status in self.statuses if int(status["id"]) > since][: int(request.query["limit"])]
        return Reply.of(page[::-1])

    async def respond(self, writer: asyncio.StreamWriter, request: Request, fault: Fault | None) -> bool:
        if not request.path.startswith("/api/v1/streaming") or fault is not None:
            return await super().respond(writer, request, fault)
        if request.headers.get("authorization") != "Bearer token":
            return await super().respond(writer, request, None)
        shown, self._next = self._next, None
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n:)\n")
        self._writers.add(writer)
        try:
            await self._stream(writer, shown)
        finally:
            self._writers.discard(writer)
        return False

    async def _stream(self, writer: asyncio.StreamWriter, fault: Fault | None) -> None:
        at, sent = len(self.events), 0
        while True:
            async with self._grown:
                await self._grown.wait_for(lambda: len(self.events) > at)  # noqa: B023
            await asyncio.sleep(0)
            batch = self.events[at:]
            at += len(batch)
            if fault is Fault.REORDER:
                batch = batch[::-1]
            for name, data in batch:
                text = f"event: {name}\ndata: {data}\n\n"
                if fault is Fault.MALFORMED and sent == 1:
                    writer.write(b'event: update\ndata: {"id": [[[\n\n:thump\n')
                if sent == 2 and fault is Fault.DROP:
                    writer.write(text[: len(text) // 2].encode())
                    await writer.drain()
                    writer.transport.abort()
                    return
                if sent == 2 and fault is Fault.SLOW:
                    return
                if sent == 2 and fault is Fault.STALL:
                    await asyncio.sleep(3600)
                writer.write(text.encode() * (2 if fault is Fault.REPEAT else 1))
                sent += 1
            await writer.drain()
