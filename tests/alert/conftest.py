"""An HTTP server that answers as told, and incident events of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest


@dataclass
class Request:
    """What arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FaultyServer:
    """Answers with `script`, one entry a request (the last for ever): a status, raw bytes, or None to hang up."""

    port: int = 0
    script: list[int | bytes | None] = field(default_factory=lambda: [200])
    requests: list[Request] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (entry.partition(": ") for entry in rest)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append(Request(line, headers, body))
        self.asked.set()
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, int):
            answer = f"HTTP/1.1 {answer} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno".encode()
        if answer is not None:
            writer.write(answer)
            await writer.drain()
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    faulty = FaultyServer()
    listening = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    faulty.port = listening.sockets[0].getsockname()[1]
    yield faulty
    listening.close()
