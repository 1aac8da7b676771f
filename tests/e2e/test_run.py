"""`groundswell run`, as somebody sees it who has just cloned the repository."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import httpx
import pytest

WITHIN = 90.0
"""Seconds until the snowball must have been told; half a minute on an idle machine."""

INDEXED_WITHIN = 30.0
FALSE = 2
"""Incidents that may be told before the snowball: its backlog is 60 days of companies, with other talk at every start,
which at the promised rate has 0.4 false alarms, and more than two once in a hundred starts."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_it_starts_notices_the_snowball_and_ends_cleanly(tmp_path: Path) -> None:
    port = free_port()
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.commands.main", "--data", str(tmp_path), "--set", f"web.port={port}", "run",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stderr is not None
    said = asyncio.create_task(run.stderr.read())
    try:
        others = await asyncio.wait_for(opened_before("Acme Air", run.stdout), WITHIN)
        assert len(others) <= FALSE, others
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as page:
            html = (await page.get("/")).text
            assert "imulat" in html, "the page says that it is a simulation"
            await shown(page, "Acme Air")
        rest = asyncio.create_task(run.stdout.read())
        asked = time.monotonic()
        run.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(run.wait(), 20.0) == 0
        assert time.monotonic() - asked < 10.0
        await rest
        words = (await said).decode()
        for hint in ("demonstration", f"http://127.0.0.1:{port}/", "posts.raw.v1", str(tmp_path / "demo" / "logs")):
            assert hint in words
        assert not left_behind(tmp_path), "every process that was started has ended"
    finally:
        if run.returncode is None:
            run.kill()


async def shown(page: httpx.AsyncClient, company: str) -> None:
    """Wait until the page has an incident: index and alert read the same topic, each at its own pace."""
    for _ in range(round(INDEXED_WITHIN / 0.2)):
        if company in (await page.get("/api/incidents")).text:
            return
        await asyncio.sleep(0.2)
    pytest.fail(f"no incident of {company} on the page within {INDEXED_WITHIN:.0f} seconds")


async def opened_before(company: str, output: asyncio.StreamReader) -> list[str]:
    """The blocks of lines in which other incidents were opened before one of the company."""
    others: list[str] = []
    block: list[str] = []
    while True:
        line = (await output.readline()).decode()
        assert line, "it ended before the snowball was noticed"
        if "OPENED" in line or block:
            block.append(line)
        if block and line.startswith("╰"):
            if company in block[0]:
                return others
            others.append("".join(block))
            block = []


def left_behind(data: Path) -> list[int]:
    """Processes whose environment names this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if f"GROUNDSWELL_DATA={data}" in (entry / "environ").read_text(errors="replace"):
                    found.append(int(entry.name))
            except OSError:
                continue  # it ended meanwhile, or is not ours
    return found
