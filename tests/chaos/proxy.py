"""A relay on loopback that stands for the network between a worker and a server, and can be harmed while it runs.

Toxiproxy does the same for connections, and would need Go on every machine that runs these tests; nor can it answer in
HTTP, as a busy Elasticsearch does.  So this small one is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

Mode = Literal["pass", "cut", "delay", "half-open", "refuse"]

DELAY = 0.4
"""Seconds that each piece is late, in each direction."""


class Proxy:
    """Relays connections to one port of this machine.

    pass       as a cable
    cut        connections are reset, new ones too
    delay      whatever is sent arrives `DELAY` seconds later
    half-open  neither side sees anything of the other any more, and nobody says so: such a connection never heals
    refuse     every HTTP request is answered with `status`, none reaches the server
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self.mode: Mode = "pass"
        self.status = 503
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def set(self, mode: Mode) -> None:
        """Change what happens from now on, to open connections as well."""
        self.mode = mode
        if mode in ("cut", "refuse"):
            for writer in list(self._open):
                writer.transport.abort()
        if mode == "half-open":
            self._dead |= self._open

    async def close(self) -> None:
        """Stop listening, and reset what is open."""
        if self._server is not None:
            self._server.close()
        self.set("cut")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "cut":
            writer.transport.abort()
            return
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self.mode == "refuse":
                await _answer(reader, writer, self.status)
            else:
                await self._relay(reader, writer)
        writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        ends = {writer, back}
        self._open |= ends
        if self.mode == "half-open":
            self._dead |= ends
        try:
            pumps = [asyncio.create_task(self._pump(reader, back)), asyncio.create_task(self._pump(there, writer))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._open -= ends
            self._dead -= ends
            back.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            if self.mode == "delay":
                await asyncio.sleep(DELAY)
            if writer not in self._dead:
                writer.write(piece)
                await writer.drain()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 %d Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    """Headers (names in lower case) and body of one HTTP request; raises `IncompleteReadError` when there is none."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return headers, await reader.readexactly(int(headers.get("content-length", "0")))
