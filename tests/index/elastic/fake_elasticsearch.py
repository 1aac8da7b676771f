"""A small HTTP server that answers as Elasticsearch would on its bad days."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    body: bytes

    @property
    def ids(self) -> list[str]:
        """The ids of a bulk request, in order."""
        return [next(iter(head.values()))["_id"] for head in self.heads]

    @property
    def heads(self) -> list[dict[str, Any]]:
        """The action lines of a bulk request."""
        return [json.loads(line) for line in self.body.splitlines()[::2]]


Answer = tuple[int, Any]


def written(asked: Asked, **fates: Any) -> Answer:
    """An answer to a bulk request: everything is written, except those with a fate of their own (status, error)."""
    items = []
    for head in asked.heads:
        ((op, where),) = head.items()
        status, error = fates.get(where["_id"], (201, None))
        fate = {"_index": where["_index"], "_id": where["_id"], "status": status}
        items.append({op: fate | ({"error": error} if error else {})})
    return 200, {"errors": bool(fates), "items": items}


class FakeElasticsearch:
    """Answers bulk requests with `bulk`, knows every template and no document, and keeps what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.bulk: Callable[[Asked], Answer] = written

    @property
    def bulks(self) -> list[Asked]:
        """The bulk requests, in order."""
        return [asked for asked in self.asked if asked.path.startswith("/_bulk")]

    def _answer(self, asked: Asked) -> Answer:
        if asked.path.startswith("/_bulk"):
            return self.bulk(asked)
        if "_mget" in asked.path:
            return 200, {"docs": []}
        return 200, {"hits": {"hits": [], "total": {"value": 0}}}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its other end closes it."""
        try:
            while line := await reader.readline():
                method, path, _ = line.decode().split()
                length = 0
                while (header := await reader.readline()).strip():
                    name, _, value = header.decode().partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                asked = Asked(method, path, await reader.readexactly(length))
                self.asked.append(asked)
                status, body = self._answer(asked)
                data = b"" if method == "HEAD" else json.dumps(body).encode()
                writer.write(
                    f"HTTP/1.1 {status} X\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(data)}\r\n\r\n".encode()
                    + data
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def fake_elasticsearch() -> AsyncIterator[FakeElasticsearch]:
    """A server on a free loopback port."""
    fake = FakeElasticsearch()
    server = await asyncio.start_server(fake.handle, "127.0.0.1", 0, limit=2**24)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
