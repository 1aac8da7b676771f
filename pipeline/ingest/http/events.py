"""Server-sent events (WHATWG, 2015) out of a stream of bytes, bounded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import NamedTuple

from pipeline.errors import TransientError

MAX_EVENT = 1_000_000
"""Bytes of the largest event, and of the longest line."""


class ServerEvent(NamedTuple):
    """One event: its name, its data, and the id from which a stream can be resumed."""

    name: str
    data: bytes
    id: str


async def server_events(pieces: AsyncIterator[bytes], subject: str) -> AsyncGenerator[ServerEvent, None]:
    """Events as they are complete; one that the end cuts off is left out, as the standard has it.

    Comments (heartbeats) yield an event without name and data, so that a reader sees that the stream is alive.  Raises
    `TransientError` for an event of more than `MAX_EVENT` bytes.
    """
    buffer = bytearray()
    name, data, last_id, size = "", list[bytes](), "", 0
    async for piece in pieces:
        buffer += piece
        *lines, rest = buffer.replace(b"\r\n", b"\n").split(b"\n")
        buffer = bytearray(rest)
        for line in lines:
            size += len(line)
            if not line:
                if data:
                    yield ServerEvent(name, b"\n".join(data), last_id)
                name, data, size = "", [], 0
                continue
            field, _, value = bytes(line).partition(b":")
            value = value.removeprefix(b" ")
            if not field:
                yield ServerEvent("", b"", last_id)
            elif field == b"event":
                name = value.decode("utf-8", "replace")[:200]
            elif field == b"data":
                data.append(value)
            elif field == b"id" and b"\x00" not in value:
                last_id = value.decode("utf-8", "replace")[:500]
        if size + len(buffer) > MAX_EVENT:
            raise TransientError(f"an event of more than {MAX_EVENT:,} bytes", subject=subject)
