"""Processes that end are started again; a stop ends them all; an orphan ends itself."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from pipeline.runtime.process.supervisor import Child, Supervisor, put_aside
from pipeline.settings.settings import load


def running_processes() -> set[int]:
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}


async def until(condition: object, within: float = 30.0) -> None:
    """Wait for a condition (a callable) to hold."""
    async with asyncio.timeout(within):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.05)


async def test_a_killed_process_is_started_again_and_all_end_with_stop(tmp_path: Path) -> None:
    supervisor = Supervisor(load(data=tmp_path, web={"port": 0}))
    child = Child("web", ["web"])
    supervisor.start(child)
    await until(lambda: child.state == "running")
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.restarts == 1 and child.state == "running")
    assert child.process.pid != first
    second = child.process.pid
    await supervisor.stop()
    assert child.process.returncode is not None
    assert second not in running_processes()


async def test_what_a_process_says_is_in_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(load(data=tmp_path))
    supervisor.start(Child("wrong", ["worker", "no-such-stage"]))
    child = supervisor.children["wrong"]
    await until(lambda: child.restarts >= 1)
    await supervisor.stop()
    assert "no such stage" in (tmp_path / "logs" / "wrong.log").read_text()


async def test_a_process_whose_parent_is_gone_ends(tmp_path: Path) -> None:
    """It is told that its parent is a process that it is not, as after the parent was killed."""
    settings = load(data=tmp_path, web={"port": 0})
    supervisor = Supervisor(settings)
    child = Child("web", ["web", "--parent", "1"], once=True)
    supervisor.start(child)
    assert await asyncio.wait_for(supervisor.finished("web"), 30.0) == 0
    await supervisor.stop()


def test_a_log_that_grows_is_put_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"x" * 101)
        put_aside(path, most=100)
        writer.write(b"later\n")
        put_aside(path, most=100)
    assert path.read_bytes() == b"later\n"
    assert (tmp_path / "worker.log.1").read_bytes() == b"x" * 101
    put_aside(tmp_path / "none.log")
