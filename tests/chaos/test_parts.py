"""The instruments themselves: each anomaly is found in books that do not balance, and the relay does what it says."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest

from pipeline.contracts.incidents import IncidentEvent
from pipeline.index.protocol import Index
from tests.chaos import ledger
from tests.chaos.campaign import Injection, schedule
from tests.chaos.kinds import KINDS
from tests.chaos.kinds.servers import SHORTER
from tests.chaos.ledger import Anomaly, Books
from tests.chaos.protections import PROTECTIONS
from tests.chaos.proxy import Mode, Proxy
from tests.chaos.report import markdown
from tests.chaos.traffic import Fate, Sent
from tests.chaos.without import Finding, taken_out
from tests.support.messages import incident


class Shelf:
    """An index that holds the mentions of these posts."""

    def __init__(self, *posts: Sent) -> None:
        self._there = {ledger._mention(post) for post in posts}

    async def existing(self, mention_ids: Sequence[str]) -> int:
        return len(self._there & set(mention_ids))

    async def count(self) -> int:
        return len(self._there)


def sent(number: int, fate: Fate = "shown") -> Sent:
    return Sent(number, 0, fate, b"key-%d" % number)


@pytest.mark.parametrize(
    ("books", "shelf", "found"),
    [
        ([sent(0), sent(1, "erased")], [sent(0)], []),
        ([sent(0), sent(1)], [sent(0)], ["lost"]),
        ([sent(0), sent(1, "erased")], [sent(0), sent(1)], ["resurrected"]),
        ([sent(0)], [sent(0), sent(9)], ["stale"]),
    ],
)
async def test_the_index_against_the_books(books: list[Sent], shelf: list[Sent], found: list[str]) -> None:
    anomalies = await ledger._index(books, cast(Index, Shelf(*shelf)))
    assert [anomaly.name for anomaly in anomalies] == found


def test_letters_against_the_books() -> None:
    books = [sent(0), sent(1, "letter")]
    assert list(ledger._letters(books, {b"key-1"})) == []
    assert [anomaly.name for anomaly in ledger._letters(books, {b"key-0"})] == ["lost", "stale"]


def test_alerts_against_the_topic() -> None:
    opened, over = incident(event="opened", minutes=0.0), incident(event="resolved", minutes=9.0)

    def names(accepted: list[IncidentEvent], repeats: int = 0, interruptions: int = 0) -> list[str]:
        books = Books([], accepted, interruptions, 0)
        return [anomaly.name for anomaly in ledger._alerts([opened, over], books, repeats)]

    assert names([opened, over]) == []
    assert names([over]) == [], "steps that were missed meanwhile are folded"
    assert names([opened]) == ["never_told"]
    assert names([opened, over, over], repeats=1) == ["told_twice"]
    assert names([opened, over, over], repeats=1, interruptions=1) == []


@asynccontextmanager
async def echo(mode: Mode) -> AsyncIterator[tuple[Proxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A relay before a server that sends back what it is sent, and a connection made before the mode was set."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(100):
                writer.write(piece)
        writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"before")
    assert await reader.read(100) == b"before"
    proxy.set(mode)
    yield proxy, reader, writer
    writer.transport.abort()
    await proxy.close()
    server.close()


async def test_a_half_open_connection_never_heals_and_a_new_one_works_again() -> None:
    async with echo("half-open") as (proxy, reader, writer):
        writer.write(b"lost")
        proxy.set("pass")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.2)
        again, sender = await asyncio.open_connection("127.0.0.1", proxy.port)
        sender.write(b"hello")
        assert await again.read(100) == b"hello"
        sender.transport.abort()


async def test_a_cut_resets_what_is_open_and_what_is_new() -> None:
    async with echo("cut") as (proxy, reader, _):
        assert await ended(reader)
        again, sender = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await ended(again)
        sender.transport.abort()


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether a connection has ended, in order or by a reset."""
    try:
        return await reader.read(100) == b""
    except ConnectionError:
        return True


async def test_a_refusal_is_an_answer_in_http() -> None:
    async with echo("refuse") as (proxy, _, _):
        proxy.status = 429
        again, sender = await asyncio.open_connection("127.0.0.1", proxy.port)
        sender.write(b"POST /_bulk HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody")
        assert (await again.read(100)).startswith(b"HTTP/1.1 429 ")
        sender.transport.abort()


def test_every_kind_comes_before_any_comes_again() -> None:
    names = [name for step in schedule(2 * len(KINDS) + 3, 3, list(KINDS)) for name in step]
    assert sorted(names[: len(KINDS)]) == sorted(names[len(KINDS) : -3]) == sorted(KINDS)
    assert len(names) == 2 * len(KINDS) + 3
    assert len(KINDS) >= 30


def test_each_comes_alone_first_and_then_beside_what_harms_something_else() -> None:
    steps = schedule(4 * len(KINDS), 5, list(KINDS))
    assert all(len(step) == 1 for step in steps[: len(KINDS)])
    pairs = [tuple(KINDS[name].harms for name in step) for step in steps if len(step) == 2]
    assert len(pairs) > len(KINDS)
    assert all(first and second and first != second for first, second in pairs)


def test_the_report_has_a_row_a_kind() -> None:
    injections = [Injection("junk", 2.0), Injection("junk", 4.0), Injection("junk", 9.0, beside="kill-alert")]
    assert "| junk | 3 | 1 | 3.0 | 4.0 | 0 |" in markdown([*injections, Injection("kill-alert", 9.0, beside="junk")])


def test_a_kind_says_what_harm_it_did_without_its_protection_or_why_none() -> None:
    findings = [Finding("dead letters", ["junk"], [Anomaly("lost", "a record")])]
    rows = markdown([Injection("junk", 1.0), Injection("kafka-delay", 1.0)], findings)
    assert "| dead letters | seen: lost |" in rows
    assert f"| {SHORTER} |" in rows


def test_every_kind_has_a_protection_that_can_be_taken_out_or_a_reason() -> None:
    tried = {kind for protection in PROTECTIONS for kind in protection.kinds}
    assert tried <= KINDS.keys()
    assert {name for name, kind in KINDS.items() if not kind.without} <= tried


def test_a_protection_is_out_of_a_process_that_is_told_so(tmp_path: Path) -> None:
    code = (
        "from pipeline.runtime.worker.gaps import GapWatch as G; g = G(); g.see(('t', 0), 1); print(g.see(('t', 0), 9))"
    )

    def counted() -> int:
        return int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60).stdout)

    assert counted() == 7
    with taken_out("what is lost is counted", tmp_path):
        assert counted() == 0
    with taken_out("no such protection", tmp_path), pytest.raises(subprocess.CalledProcessError):
        counted()
