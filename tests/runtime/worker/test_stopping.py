"""A worker that is told to stop ends, whatever it waits for and whatever a library waits for."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.runtime.worker.worker import STOP_WITHIN

PARENT = """
import asyncio, json, os, sys, urllib.request
from pathlib import Path
from pipeline.contracts.topics import POSTS_RAW
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.runtime.process.stack import Stack, worker_addresses
from pipeline.settings.settings import load
from pipeline.simulate.companies import demo_catalogue
from tests.e2e.test_malformed import post

def waits_for(settings):
    for address in worker_addresses(settings).values():
        try:
            return json.load(urllib.request.urlopen(address + "/healthz", timeout=2.0))["waiting_for"]
        except OSError:
            return None

async def main():
    folder = Path(sys.argv[1])
    (folder / "companies.yaml").write_text(demo_catalogue())
    settings = load(data=folder / "data", model={"backend": "fixed"}, enrich={"catalogue": folder / "companies.yaml"})
    async with Stack(settings, parent=os.getpid()) as stack:
        stack.start_workers(("enrich",))
        publisher = Publisher(stack.settings.kafka)
        for begin in range(0, 9_000, 300):
            await publisher.send([
                ToSend(POSTS_RAW.name, b"key-%d" % number, json.dumps(post(number)).encode())
                for number in range(begin, begin + 300)
            ])
            await asyncio.sleep(0.2)
        while await asyncio.to_thread(waits_for, stack.settings) != "readers":
            await asyncio.sleep(0.1)
        print(stack.supervisor.children["enrich"].process.pid, flush=True)
        await asyncio.sleep(600.0)

asyncio.run(main())
"""


@pytest.fixture
async def waiting(tmp_path: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A stack of which nobody reads the mentions, and the process id of its worker, which waits for readers."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert parent.stdout is not None
    async with asyncio.timeout(120.0):
        worker = int(await parent.stdout.readline())
    yield parent, worker
    for process in (worker, parent.pid):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    await parent.wait()


def _running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def _seconds_until_gone(process: int, within: float) -> float:
    began = time.monotonic()
    while _running(process):
        assert time.monotonic() - began < within, "still there"
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def test_a_worker_that_waits_for_readers_stops_when_told(
    waiting: tuple[asyncio.subprocess.Process, int],
) -> None:
    _, worker = waiting
    os.kill(worker, signal.SIGTERM)
    assert await _seconds_until_gone(worker, STOP_WITHIN) < STOP_WITHIN / 2


async def test_an_orphan_whose_broker_is_gone_ends(waiting: tuple[asyncio.subprocess.Process, int]) -> None:
    parent, worker = waiting
    parent.kill()
    await parent.wait()
    await _seconds_until_gone(worker, STOP_WITHIN + 8.0)


async def test_a_library_that_waits_for_ever_is_not_waited_for(tmp_path: Path) -> None:
    """The event loop itself is held up, so that nothing on it can notice that it is to stop."""
    script = (
        "import asyncio, time\n"
        "from pipeline.runtime.worker import worker\n"
        "worker.STOP_WITHIN = 1.0\n"
        "async def main():\n"
        "    worker._stop_signal('enrich')\n"
        "    print('ready', flush=True)\n"
        "    while True:\n"
        "        time.sleep(0.01)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 20.0) == 70
