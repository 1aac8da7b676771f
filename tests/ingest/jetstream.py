"""A local server that speaks the wire of Jetstream, with every fault that a test may ask for."""

from __future__ import annotations

import asyncio
import http
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

START = 1_750_000_000_000_000
"""The time of event 0; one event every 10 ms.  In microseconds."""

DID = "did:plc:" + "a" * 24


def event(number: int, **changes: Any) -> dict[str, Any]:
    """A post as the wire has it; `changes` replace parts of its record."""
    record = {
        "$type": "app.bsky.feed.post",
        "text": f"Queue number {number} and still nobody answers.",
        "langs": ["en"],
        "createdAt": "2025-06-15T15:06:40.000Z",
        **changes,
    }
    commit = {
        "rev": f"rev{number}",
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": f"post{number}",
        "record": record,
        "cid": "bafy",
    }
    return {"did": DID, "time_us": START + number * 10_000, "kind": "commit", "commit": commit}


def post_id(number: int) -> str:
    return f"bluesky:at://{DID}/app.bsky.feed.post/post{number}"


@dataclass
class Behaviour:
    """What one connection does.  The default plays everything and then waits for more."""

    status: int = 101
    drop_after: int | None = None
    stall_after: int | None = None
    repeat_every: int = 0
    before: dict[int, bytes] = field(default_factory=dict)
    """Raw frames sent before the event with this number."""


class Jetstream:
    """The server; `behaviours` are used up, one a connection, then all is well."""

    def __init__(self, events: list[dict[str, Any]], behaviours: list[Behaviour] | None = None) -> None:
        self.events = events
        self.behaviours = deque(behaviours or [])
        self.cursors: list[int | None] = []
        self.queries: list[dict[str, list[str]]] = []
        self.received: list[Any] = []
        self.oldest = 0
        self.sent = 0
        self.reached = asyncio.Condition()
        self._server: Server | None = None

    async def __aenter__(self) -> Jetstream:
        self._server = await serve(self._serve, "127.0.0.1", 0, process_request=self._answer, close_timeout=0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/subscribe"

    async def wait_sent(self, count: int) -> None:
        """Until so many frames have been sent in all."""
        async with self.reached:
            await self.reached.wait_for(lambda: self.sent >= count)

    async def wait_connections(self, count: int) -> None:
        """Until so many connections have been asked for."""
        async with self.reached:
            await self.reached.wait_for(lambda: len(self.queries) >= count)

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        behaviour = self.behaviours.popleft() if self.behaviours else Behaviour()
        connection.behaviour = behaviour  # type: ignore[attr-defined]
        async with self.reached:
            self.queries.append(parse_qs(urlsplit(request.path).query))
            self.reached.notify_all()
        if behaviour.status != 101:
            return connection.respond(http.HTTPStatus(behaviour.status), "no")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        behaviour: Behaviour = connection.behaviour  # type: ignore[attr-defined]
        query = parse_qs(urlsplit(connection.request.path).query)
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        self.cursors.append(cursor)
        if query.get("requireHello") == ["true"]:
            self.received.append(json.loads(await connection.recv()))
        since = max(cursor or 0, self.oldest)
        sent = 0
        for number, item in enumerate(self.events):
            if item["time_us"] < since:
                continue
            if sent == behaviour.drop_after:
                connection.transport.abort()
                return
            if sent == behaviour.stall_after:
                break
            if number in behaviour.before:
                await connection.send(behaviour.before[number])
            data = json.dumps(item)
            for _ in range(2 if behaviour.repeat_every and number % behaviour.repeat_every == 0 else 1):
                await connection.send(data)
            sent += 1
            await self._note()
        await connection.wait_closed()

    async def _note(self) -> None:
        async with self.reached:
            self.sent += 1
            self.reached.notify_all()
