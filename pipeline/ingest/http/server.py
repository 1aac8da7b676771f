"""An HTTP server for what others send to us: POST only, bounded, answered when it is safe.

Parsing is h11's; here are the bounds: connections, time, size of head and body.  It says nothing about itself, and
nothing about why it refuses beyond the status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import h11

from pipeline.errors import TerminalError

MAX_REQUEST_BODY = 1_000_000
MAX_CONNECTIONS = 64
READ_SECONDS = 10.0
"""Time for a whole request to come in."""

_HEAD_BYTES = 32_768


class PostedRequest(NamedTuple):
    """A request with its body; names of headers are in small letters."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Respond = Callable[[PostedRequest], Awaitable[int]]
"""Gives the status that answers a request."""


class HookServer:
    """Serves while it is used as an asynchronous context."""

    def __init__(self, host: str, port: int, respond: Respond) -> None:
        self._host = host
        self._port = port
        self._respond = respond
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> HookServer:
        try:
            self._server = await asyncio.start_server(self._connection, self._host, self._port, limit=_HEAD_BYTES)
        except OSError as error:
            raise TerminalError(
                f"cannot listen: {error.strerror}", subject=f"webhooks on {self._host}:{self._port}",
                todo="Set ingest.webhook.port to a free port",
            ) from error  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        try:
            while protocol.our_state is h11.IDLE and await self._exchange(protocol, reader, writer):
                protocol.start_next_cycle()
        except (OSError, TimeoutError, h11.RemoteProtocolError, h11.LocalProtocolError, asyncio.CancelledError):
            pass  # whoever sends garbage, nothing, or goes away is owed no answer
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(
        self, protocol: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """One request and its answer; gives whether the connection may go on."""
        async with asyncio.timeout(READ_SECONDS):
            request = await _request(protocol, reader)
        if request is None:
            return False
        status = request if isinstance(request, int) else await self._respond(request)
        rest = [("retry-after", "5")] if status == 503 else []
        response = h11.Response(
            status_code=status, headers=[("content-length", "0"), ("connection", "close"), *rest], reason=b""
        )
        writer.write((protocol.send(response) or b"") + (protocol.send(h11.EndOfMessage()) or b""))
        with suppress(OSError):
            await writer.drain()
        return False


async def _request(protocol: h11.Connection, reader: asyncio.StreamReader) -> PostedRequest | int | None:
    """The next request, the status that refuses it, or None when the other side is gone."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await reader.read(_HEAD_BYTES))
        elif isinstance(event, h11.Request):
            head = event
            if head.method != b"POST":
                return 405
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_REQUEST_BODY:
                return 413
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head.headers}
            return PostedRequest(head.target.decode("latin-1"), headers, bytes(body))
        else:
            return None
