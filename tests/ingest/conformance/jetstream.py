"""A local server that speaks either wire of Jetstream, with every fault that a test may ask for."""

from __future__ import annotations

import asyncio
import http
import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ssl import SSLContext
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

START = 1_750_000_000_000_000
"""The time of event 0; one event every 10 ms.  In microseconds."""

V2 = "xrpc/network.bsky.jetstream.subscribeEvents"
DID = "did:plc:" + "a" * 24


def event(number: int, time_us: int | None = None, **changes: Any) -> dict[str, Any]:
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
    at = START + number * 10_000 if time_us is None else time_us
    return {"did": DID, "time_us": at, "kind": "commit", "commit": commit}


def post_id(number: int) -> str:
    return f"bluesky:at://{DID}/app.bsky.feed.post/post{number}"


def as_v2(item: dict[str, Any]) -> dict[str, Any]:
    """The same event as version 2 has it."""
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=item["time_us"])
    payload = {
        "$type": f"network.bsky.jetstream.subscribeEvents#{item['kind']}", "seq": item["time_us"] // 1_000,
        "did": item["did"], "time": at.isoformat().replace("+00:00", "Z"), **item.get(item["kind"], {}),
    }  # fmt: skip
    return {"$type": "message", "payload": payload}


@dataclass
class Behaviour:
    """What one connection does.  The default plays everything, and what is added later."""

    status: int = 101
    headers: dict[str, str] = field(default_factory=dict)
    drop_after: int | None = None
    stall_after: int | None = None
    close_after: int | None = None
    """The server closes in due form after so many events."""
    repeat_every: int = 0
    reorder: bool = False
    """Events come in pairs, the later one first."""
    before: dict[int, bytes] = field(default_factory=dict)
    """Raw frames sent before the event with this number."""


class Jetstream:
    """The server; `behaviours` are used up, one a connection, then all is well."""

    def __init__(
        self,
        events: list[dict[str, Any]],
        behaviours: list[Behaviour] | None = None,
        tls: SSLContext | None = None,
        asked_at: list[float] | None = None,
        v2: bool = False,
    ) -> None:
        self.events = events
        self.behaviours = deque(behaviours or [])
        self.cursors: list[int | None] = []
        self.queries: list[dict[str, list[str]]] = []
        self.received: list[Any] = []
        self.oldest = 0
        self.sent = 0
        self.reached = asyncio.Condition()
        self.asked_at = [] if asked_at is None else asked_at
        self._tls = tls
        self._v2 = v2
        self._server: Server | None = None

    async def __aenter__(self) -> Jetstream:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, process_request=self._answer, close_timeout=0.1, ssl=self._tls
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{V2 if self._v2 else 'subscribe'}"

    async def add(self, events: list[dict[str, Any]]) -> None:
        """Further events, for those who listen as well."""
        async with self.reached:
            self.events.extend(events)
            self.reached.notify_all()

    def cut(self) -> None:
        """Every connection drops."""
        assert self._server is not None
        for connection in self._server.connections:
            connection.transport.abort()

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
            self.asked_at.append(time.monotonic())
            self.reached.notify_all()
        cursor = int(self.queries[-1].get("cursor", ["0"])[0])
        if self._v2 and 0 < cursor < self.oldest:
            return connection.respond(http.HTTPStatus.BAD_REQUEST, '{"error": "CursorTooOld"}')
        if behaviour.status != 101:
            response = connection.respond(http.HTTPStatus(behaviour.status), "no")
            response.headers.update(behaviour.headers)
            return response
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        behaviour: Behaviour = connection.behaviour  # type: ignore[attr-defined]
        query = parse_qs(urlsplit(connection.request.path).query)
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        self.cursors.append(cursor)
        if query.get("requireHello") == ["true"]:
            self.received.append(json.loads(await connection.recv()))
        following = asyncio.create_task(self._play(connection, behaviour, max(cursor or 0, self.oldest)))
        await connection.wait_closed()
        following.cancel()

    async def _play(self, connection: ServerConnection, behaviour: Behaviour, since: int) -> None:
        sent, number = 0, 0
        if since:
            self.events.sort(key=lambda item: int(item["time_us"]))  # what is replayed comes in the order of its times
        while True:
            if sent == behaviour.drop_after:
                connection.transport.write(b"\x81\x7e\x10\x00" + b'{"did":"did:plc:')  # a frame of 4,096 bytes begins
                await asyncio.sleep(0.01)
                connection.transport.abort()
                return
            if sent == behaviour.stall_after:
                return
            if sent == behaviour.close_after:
                if self._v2:
                    await connection.send('{"$type": "error", "error": "ConsumerTooSlow", "message": "too slow"}')
                await connection.close(1008, "ConsumerTooSlow")
                return
            async with self.reached:
                await self.reached.wait_for(lambda: len(self.events) > number)  # noqa: B023
            for item in self._next(behaviour, number):
                number += 1
                if item["time_us"] < since:
                    continue
                await self._send(connection, behaviour, item, number - 1)
                sent += 1

    def _next(self, behaviour: Behaviour, number: int) -> Iterator[dict[str, Any]]:
        """The next event, or the next two the other way round."""
        pair = self.events[number : number + 2]
        return iter(pair[::-1] if behaviour.reorder and len(pair) == 2 else pair[:1])

    async def _send(
        self, connection: ServerConnection, behaviour: Behaviour, item: dict[str, Any], number: int
    ) -> None:
        if number in behaviour.before:
            await connection.send(behaviour.before[number])
        data = json.dumps(as_v2(item) if self._v2 else item)
        for _ in range(2 if behaviour.repeat_every and number % behaviour.repeat_every == 0 else 1):
            await connection.send(data)
        async with self.reached:
            self.sent += 1
            self.reached.notify_all()
