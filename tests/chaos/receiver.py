"""A webhook's receiver, which writes down every event that it accepts."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from tests.chaos.proxy import read_request


class Receiver:
    """Accepts events on a port of loopback; while `away` it resets every connection."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self.accepted: list[IncidentEvent] = []
        self.away = False
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while not self.away:
                _, body = await read_request(reader)
                if self.away:
                    break
                self.accepted.append(msgspec.json.decode(body, type=IncidentEvent))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        writer.transport.abort()
