"""HTTP posts to notifiers: no redirects, bounded time and size, plain errors.

Addresses may carry tokens, so nothing here logs or reports more of one than its host.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import httpx

from pipeline.errors import Busy, TerminalError, TransientError

TIMEOUT = 10.0
"""Seconds for each of connecting, sending and waiting for an answer."""

MAX_ANSWER = 65_536
"""Bytes of an answer that are read; more is an error of the server."""

MAX_WAIT = 60.0
"""Longest pause in seconds that a server may ask for."""

logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses at level INFO


def open_client(verify: bool = True) -> httpx.AsyncClient:
    """A client that follows nothing and takes nothing (proxies, credentials) from the environment."""
    limits = httpx.Limits(max_connections=8, max_keepalive_connections=2)
    return httpx.AsyncClient(timeout=TIMEOUT, limits=limits, follow_redirects=False, trust_env=False, verify=verify)


async def post(
    client: httpx.AsyncClient,
    url: httpx.URL,
    content: bytes,
    headers: Mapping[str, str],
    *,
    subject: str,
    extensions: dict[str, Any] | None = None,
) -> bytes:
    """The body of a successful answer.

    Raises `TransientError` for connection errors, timeouts and the statuses 408, 425, 429 and 5xx (`Busy` when the
    server says for how long), `TerminalError` for every other status.
    """
    try:
        async with client.stream("POST", url, content=content, headers=headers, extensions=extensions) as answer:
            body = await _read(answer, subject)
    except httpx.TimeoutException as error:
        raise TransientError(f"no answer in time ({type(error).__name__})", subject=subject) from None
    except httpx.TransportError as error:
        raise TransientError(f"connection failed ({type(error).__name__})", subject=subject) from None
    _judge(answer, body, subject)
    return body


async def _read(answer: httpx.Response, subject: str) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > MAX_ANSWER:
            raise TerminalError(f"the answer is longer than {MAX_ANSWER:,} bytes", subject=subject)
    return bytes(body)


def _judge(answer: httpx.Response, body: bytes, subject: str) -> None:
    """Nothing for a success, the fitting error otherwise."""
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status in (408, 425, 429) or status >= 500:
        raise Busy(f"answered {status}", subject=subject, after=_asked(answer.headers.get("retry-after", "")))
    if 300 <= status < 400:
        raise TerminalError(f"answered {status}: redirects are not followed", subject=subject, todo="Set the address")
    said = body[:200].decode("utf-8", "replace").strip()
    raise TerminalError(f"refused it with {status} ({said!r})", subject=subject)


def _asked(header: str) -> float:
    """Seconds of a ``Retry-After`` in its numeric form; 0 for none."""
    return min(MAX_WAIT, float(header)) if header.isascii() and header.isdigit() and len(header) < 8 else 0.0
