"""Processes that are remembered in a file and stopped later, by another process.

A process id alone is not enough to stop something: ids are used again.  A process is known by its id together with the
moment at which it started, and is only ever signalled while both still fit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct


class Process(Struct, frozen=True):
    """A running process, as it can be written down: `started` is the mark of the moment at which it started."""

    name: str
    pid: int
    started: str

    @property
    def running(self) -> bool:
        """Whether this very process, and not a later one with the same id, is still there."""
        return start_mark(self.pid) == self.started


def start_mark(pid: int) -> str | None:
    """What tells a process from every other that has, had or will have its id; None when there is none.

    On Linux the boot and the clock tick of the start; elsewhere what ``ps`` says of the start, to the second.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command's name may hold spaces and brackets: the fields that follow it are counted from its end.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" and not _threads_left(pid) else f"{boot}:{fields[19]}"
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def _threads_left(pid: int) -> bool:
    """Whether a process whose first thread has ended (which shows as a zombie) still has others."""
    try:
        return len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def remember(name: str, pid: int) -> Process | None:
    """A process as it can be written down, or None when it has already ended."""
    mark = start_mark(pid)
    return None if mark is None else Process(name, pid, mark)


def launch(command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a server that outlives this process: its own process group, output to `log`, no terminal."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )


def stop(processes: Sequence[Process], grace: float = 20.0) -> list[Process]:
    """Ask the processes to end, after `grace` seconds make them; gives those that were running.

    Guarantees that no process is signalled whose id has gone to another one.
    """
    asked = [process for process in processes if _signal(process, signal.SIGTERM)]
    deadline = time.monotonic() + grace
    while any(_still_there(process) for process in asked) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in asked:
        _signal(process, signal.SIGKILL)
    deadline = time.monotonic() + 5.0
    while any(_still_there(process) for process in asked) and time.monotonic() < deadline:
        time.sleep(0.02)
    return asked


def _signal(process: Process, number: signal.Signals) -> bool:
    if not process.running:
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def _still_there(process: Process) -> bool:
    """As `Process.running`, after reaping it where it is a child of ours (others: `waitpid` refuses)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return process.running
