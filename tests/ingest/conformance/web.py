"""A local HTTP server that answers as a network does, and shows the faults that it is asked for."""

from __future__ import annotations

import asyncio
import json
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Mapping
from ssl import SSLContext
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from tests.ingest.conformance.wire import REST, Fault, Wire


class Request(NamedTuple):
    """What was asked; names of headers are in small letters."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Reply(NamedTuple):
    """What is answered."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, value: Any, **headers: str) -> Reply:
        """JSON."""
        return cls(json.dumps(value).encode(), 200, {"content-type": "application/json", **headers})


POLLED = frozenset({Fault.DROP, Fault.STALL, Fault.BUSY, Fault.BUSY_SILENT, Fault.ERROR, Fault.MALFORMED, Fault.EMPTY})
"""The faults that this server shows for any network that is asked again and again."""


class WebWire(Wire):
    """A network that is asked by GET.  A wire says what it answers; faults happen here, each to the next request for
    posts."""

    empty: bytes = b"[]"
    """What an empty answer is on this network."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(tls)
        self.next_faults: deque[Fault] = deque()
        self.asked: list[Request] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """What the network answers when all is well."""

    def about_posts(self, request: Request) -> bool:
        """Whether a fault may be shown on this request."""
        return True

    @property
    def url(self) -> str:
        assert self._server is not None
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def inject(self, fault: Fault) -> None:
        self.next_faults.append(fault)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=self.tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        address = urlsplit(head[0].split(" ")[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        request = Request(address.path, dict(parse_qsl(address.query)), headers)
        self.asked.append(request)
        self.asked_at.append(time.monotonic())
        fault = self.next_faults.popleft() if self.next_faults and self.about_posts(request) else None
        return await self.respond(writer, request, fault)

    async def respond(self, writer: asyncio.StreamWriter, request: Request, fault: Fault | None) -> bool:
        """Answer one request; gives whether the connection goes on."""
        reply = self.answer(request)
        match fault:
            case Fault.BUSY:
                self.busy_at = time.monotonic()
                reply = Reply(b"slow down", 429, {"retry-after": str(REST)})
            case Fault.BUSY_SILENT:
                reply = Reply(b"slow down", 429)
            case Fault.ERROR:
                reply = Reply(b"oh", 500)
            case Fault.MALFORMED:
                reply = reply._replace(body=b'{"a": [1, ')
            case Fault.EMPTY:
                reply = reply._replace(body=self.empty)
        half = len(reply.body) // 2
        writer.write(head_of(reply))
        writer.write(reply.body[:half] if fault in (Fault.DROP, Fault.STALL) else reply.body)
        await writer.drain()
        if fault is Fault.STALL:
            await asyncio.sleep(3600)
        return fault is not Fault.DROP


def head_of(reply: Reply) -> bytes:
    """Status line and headers, with the length of the whole body."""
    lines = [f"{name}: {value}" for name, value in {**reply.headers, "content-length": str(len(reply.body))}.items()]
    return "\r\n".join([f"HTTP/1.1 {reply.status} x", *lines, "", ""]).encode()
