"""Starts `groundswell run` again and again beside a load that takes every core: ``python -m tests.e2e.starts``.

Prints, for each start, the seconds until the first incident is told and those from Ctrl-C to the end, and fails when
one reaches no incident, ends with an error, takes longer than `END` to end, or leaves a process behind.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.test_run import free_port, left_behind

FIRST = 180.0
END = 3.0
"""Seconds within which the first incident must be told, and within which everything must have ended after Ctrl-C."""


def main() -> int:
    """Run and print; 1 when a start failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--idle", action="store_true", help="without the load")
    arguments = parser.parse_args()
    failed = 0
    with load(0 if arguments.idle else os.cpu_count() or 1):
        for number in range(1, arguments.times + 1):
            with tempfile.TemporaryDirectory() as folder:
                said, good = asyncio.run(start(Path(folder)))
            print(f"start {number}: {said}", flush=True)
            failed += not good
    print(f"{arguments.times - failed} of {arguments.times} starts were good")
    return 1 if failed else 0


@contextmanager
def load(processes: int) -> Iterator[None]:
    """Processes that do nothing but take a core each."""
    started = [multiprocessing.Process(target=_busy, daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.kill()


async def start(data: Path) -> tuple[str, bool]:
    """One start: what came of it, in words, and whether it was good."""
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.commands.main", "--data", str(data), "--set", f"web.port={free_port()}", "run",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert run.stdout is not None
    began = time.monotonic()
    try:
        await asyncio.wait_for(_opened(run.stdout), FIRST)
        first = time.monotonic() - began
        rest = asyncio.create_task(run.stdout.read())
        asked = time.monotonic()
        run.send_signal(signal.SIGINT)
        status = await asyncio.wait_for(run.wait(), 60.0)
        took = time.monotonic() - asked
        await rest
    except (TimeoutError, EOFError) as error:
        return f"no incident: {error or 'too late'}", False
    finally:
        if run.returncode is None:
            run.kill()
    left = left_behind(data)
    words = (
        f"first incident after {first:.1f} s, ended {took:.2f} s after Ctrl-C with status {status}, {len(left)} left"
    )
    return words, status == 0 and took <= END and not left


async def _opened(output: asyncio.StreamReader) -> None:
    while "OPENED" not in (line := (await output.readline()).decode()):
        if not line:
            raise EOFError("it ended by itself")


def _busy() -> None:
    while True:
        pass


if __name__ == "__main__":
    sys.exit(main())
