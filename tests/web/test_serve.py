"""The page as a process: it answers on loopback, ends when asked to, and says when its port is taken."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from pipeline.errors import TerminalError
from pipeline.settings.settings import load
from pipeline.web.serve import serve


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def process(tmp_path: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """``groundswell web`` on a free port, once it says that it listens."""
    (tmp_path / "status.json").write_text('{"source": "simulation"}')
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.commands.main", "--data", str(tmp_path), "--set", f"web.port={port}", "web",
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert started.stderr is not None
    async with asyncio.timeout(60):
        while b"address" not in await started.stderr.readline():
            pass
    yield started
    if started.returncode is None:
        started.kill()
        await started.wait()


async def test_it_answers_and_ends_in_order(process: asyncio.subprocess.Process, port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as visitor:
        answer = await visitor.get(f"http://127.0.0.1:{port}/")
    assert answer.status_code == 200
    assert "Simulated demonstration" in answer.text
    assert "server" not in answer.headers
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        settings = load(data=tmp_path, web={"port": held.getsockname()[1]})
        with pytest.raises(TerminalError, match=r"cannot listen .*Set web\.port"):
            await serve(settings)
