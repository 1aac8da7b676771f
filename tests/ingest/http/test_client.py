"""The HTTP client of agents against servers that are not kind."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pipeline.errors import Busy, TerminalError, TransientError
from pipeline.ingest.budget import Budget, BudgetSpent
from pipeline.ingest.http.bodies import BodyTooLarge
from pipeline.ingest.http.client import HttpClient, RefusedByServer, shown, user_agent
from pipeline.outbound import ssrf
from pipeline.settings.networks import BudgetSettings

Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


def reply(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status} x", f"content-length: {len(body)}", *lines, "", ""]).encode() + body


@asynccontextmanager
async def server(answer: bytes | Handler) -> AsyncGenerator[tuple[str, list[str]], None]:
    """Gives its address and the heads of the requests that it saw."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                seen.append(head)
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(head, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", seen
    finally:
        running.close()


def client(budget: Budget | None = None, **options: Any) -> HttpClient:
    return HttpClient(budget or Budget("test"), **{"allow_private": True, "timeout": 0.3, **options})


async def test_an_answer_within_budget_and_who_asked_for_it() -> None:
    budget = Budget("test", BudgetSettings(requests=2, bytes=10))
    async with server(reply(b"hello", etag='"7"')) as (url, seen):
        asking = client(budget, contact="ops@example.com\r\nx-evil: 1")
        answer = await asking.get(f"{url}/a?b=1", {"c": "2 3"}, {"if-none-match": '"6"'})
        assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"hello", '"7"')
        assert budget.left() == {"requests": 1.0, "bytes": 5.0}
        await asking.get(url)
        with pytest.raises(BudgetSpent):
            await asking.get(url)
    assert len(seen) == 2
    assert seen[0].startswith("GET /a?b=1&c=2+3 HTTP/1.1\r\n")
    assert "(+ops@example.comx-evil: 1)" in seen[0]
    assert 'if-none-match: "6"' in seen[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/", "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/", "http://[::ffff:127.0.0.1]:9/",
    ],
)  # fmt: skip
async def test_inside_addresses_get_no_connection(url: str) -> None:
    with pytest.raises(TerminalError, match="not a public address"):
        await client(allow_private=False).get(url)


async def test_a_name_that_leads_inside_gets_no_connection() -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    async with server(reply(b"secret")) as (url, seen):
        with pytest.raises(TerminalError, match=r"rebind\.example: resolves to 127\.0\.0\.1"):
            await client(allow_private=False, resolve=inside).get(url.replace("127.0.0.1", "rebind.example"))
    assert seen == []


async def test_a_redirect_leads_nowhere_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the server of the test counts as public here."""
    monkeypatch.setattr(ssrf, "is_public", lambda address: str(address) == "127.0.0.1")
    for target in ("http://169.254.169.254/", "http://10.1.2.3/", "//192.168.0.1/x"):
        async with server(reply(status=302, location=target)) as (url, seen):
            with pytest.raises(TerminalError, match="not a public address"):
                await client(allow_private=False).get(url)
            assert len(seen) == 1


async def test_redirects_end_and_give_secrets_to_nobody_else() -> None:
    async with server(reply(b"there")) as (other, seen):

        async def away(head: str, writer: asyncio.StreamWriter) -> None:
            writer.write(reply(status=301, location=other))

        async with server(away) as (url, _):
            answer = await client().get(url, headers={"authorization": "Bearer secret"})
        assert (answer.body, answer.url) == (b"there", other)
        assert "secret" not in seen[0]

    async def around(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status=302, location="/again"))

    async with server(around) as (url, heads):
        with pytest.raises(TransientError, match="more than 3 redirects"):
            await client().get(url)
        assert len(heads) == 4


async def test_bombs_large_bodies_and_drips_are_errors() -> None:
    async with server(reply(gzip.compress(bytes(20_000_000)), content_encoding="gzip")) as (url, _):
        with pytest.raises(BodyTooLarge):
            await client(max_body=1_000_000).get(url)
    async with server(reply(bytes(2_000_000))) as (url, _):
        with pytest.raises(BodyTooLarge):
            await client(max_body=1_000_000).get(url)

    async def drip(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with server(drip) as (url, _):
        began = time.monotonic()
        with pytest.raises(TransientError, match="not answered within"):
            await client(total=0.4).get(url)
        assert time.monotonic() - began < 5.0


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, RefusedByServer),
        (401, RefusedByServer),
        (410, RefusedByServer),
        (500, TransientError),
        (503, TransientError),
    ],
)
async def test_statuses(status: int, error: type[Exception]) -> None:
    async with server(reply(b"no", status)) as (url, _):
        with pytest.raises(error, match=f"answered {status}") as caught:
            await client().get(f"{url}/x?key=secret")
        assert "secret" not in str(caught.value)


async def test_a_rest_is_kept_for_the_whole_host() -> None:
    now = [1_000.0]
    async with server(reply(b"slow", 429, retry_after="120")) as (url, seen):
        asking = client(clock=lambda: now[0])
        for path, left in (("/a", 120.0), ("/b", 120.0)):
            with pytest.raises(Busy) as caught:
                await asking.get(url + path)
            assert caught.value.after == left
        assert len(seen) == 1
        now[0] += 121.0
        with pytest.raises(Busy):
            await asking.get(f"{url}/b")
        assert len(seen) == 2


async def test_the_last_request_that_a_server_allows_is_the_last() -> None:
    async with server(reply(b"ok", x_ratelimit_remaining="0", x_ratelimit_reset="60")) as (url, seen):
        asking = client()
        assert (await asking.get(url)).body == b"ok"
        with pytest.raises(Busy):
            await asking.get(url)
        assert len(seen) == 1


async def test_a_stream_ends_when_it_is_silent() -> None:
    async def begin(head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\n\r\nfirst")
        await writer.drain()
        await asyncio.sleep(30)

    async with server(begin) as (url, _):
        got: list[bytes] = []

        async def listen() -> None:
            async with client().stream(url, silence=0.2) as pieces:
                async for piece in pieces:
                    got.append(piece)  # noqa: PERF401

        with pytest.raises(TransientError, match="in time"):
            await listen()
        assert got == [b"first"]


def test_what_is_shown_of_an_address_and_of_us() -> None:
    assert shown("https://user:pass@example.com:8443/feed?token=secret#x") == "https://example.com:8443/feed"
    assert user_agent("").startswith("Groundswell/")


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "http://", "gopher://x/", "http://[::1"])
async def test_what_is_no_address_of_http_is_an_error(url: str) -> None:
    with pytest.raises((TerminalError, TransientError)):
        await client().get(url)
