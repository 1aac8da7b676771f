"""Starts the worker processes, and restarts those that end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog
from pydantic import BaseModel, SecretStr

from pipeline.settings.settings import Settings

log = structlog.get_logger()

STEADY = 30.0
"""Seconds after which a process that ran counts as healthy, and its next restart comes quickly again."""

SLOWEST = 20.0
"""Longest pause before a restart, seconds."""


LOG_BYTES = 20_000_000
"""Size at which the log of a child is put aside; the one put aside before is deleted."""

LOG_CHECK = 5.0
"""Seconds between looks at the size of the logs."""


@dataclass
class Child:
    """A process to keep running: `groundswell <args>`."""

    name: str
    args: list[str]
    show: bool = False
    """Whether its standard output goes to the terminal (else to its log)."""
    once: bool = False
    """Whether it is finished when it ends with status 0."""
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    restarts: int = field(default=0, init=False)
    status: int | None = field(default=None, init=False)
    """Exit status of its last end; None while it never ended."""
    last_error: str = field(default="", init=False)
    """The last words of its log when it ended, one line."""

    @property
    def state(self) -> str:
        """`starting`, `running`, `restarting` or `stopped`."""
        if self.process is None:
            return "starting"
        if self.process.returncode is None:
            return "running"
        return "stopped" if self.once else "restarting"


class Supervisor:
    """Keeps children running until `stop`; each logs to a file of its own.

    Guarantees: a child that ends is started again with a growing pause, also after `kill -9`; `stop` ends all of them
    within seconds, the ones that do not listen by SIGKILL; should this process be killed, the children notice and end.
    """

    def __init__(self, settings: Settings) -> None:
        self._environment = {**os.environ, **environment(settings)}
        self.logs = settings.data / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.children: dict[str, Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self, child: Child) -> None:
        """Start a child and keep it running."""
        self.children[child.name] = child
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._bound_logs(), name="logs"))
        self._tasks.append(asyncio.create_task(self._supervise(child), name=child.name))

    async def finished(self, name: str) -> int:
        """Wait for a `once` child to end for good; gives its exit status."""
        task = next(task for task in self._tasks if task.get_name() == name)
        await task
        process = self.children[name].process
        return process.returncode or 0 if process else 1

    async def stop(self, within: float = 20.0) -> None:
        """Ask every child to end, wait, and kill what is left."""
        self._stopping = True
        for child in self.children.values():
            _signal(child, signal.SIGTERM)
        waits = [child.process.wait() for child in self.children.values() if child.process]
        if waits:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.gather(*waits), within)
        for child in self.children.values():
            _signal(child, signal.SIGKILL)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _supervise(self, child: Child) -> None:
        pause = 0.5
        while not self._stopping:
            began = time.monotonic()
            status = await self._run(child)
            if self._stopping or (child.once and status == 0):
                return
            pause = 0.5 if time.monotonic() - began > STEADY else min(pause * 2, SLOWEST)
            child.restarts += 1
            child.status, child.last_error = status, last_words(self.logs / f"{child.name}.log")
            log.warning("process ended; starting it again", process=child.name, status=status, pause=pause,
                        last=child.last_error, log=str(self.logs / f"{child.name}.log"))  # fmt: skip
            await asyncio.sleep(pause)

    async def _bound_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_CHECK)
            for name in self.children:
                try:
                    await asyncio.to_thread(put_aside, self.logs / f"{name}.log")
                except OSError as error:
                    log.warning("a log could not be put aside", process=name, error=str(error))

    async def _run(self, child: Child) -> int:
        with (self.logs / f"{child.name}.log").open("ab") as out:
            child.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "pipeline.commands.main", *child.args,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=None if child.show else _file(out),
                stderr=_file(out),
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches this process only, which then stops the others in order
            )  # fmt: skip
            return await child.process.wait()


def put_aside(log_file: Path, most: int = LOG_BYTES) -> None:
    """Copy a log that has grown beyond `most` bytes to `.log.1`, and empty it in place: its writer appends.

    What is written between the two is lost.
    """
    if log_file.exists() and log_file.stat().st_size > most:
        shutil.copyfile(log_file, log_file.with_name(f"{log_file.name}.1"))
        os.truncate(log_file, 0)


def last_words(log_file: Path, most: int = 300) -> str:
    """The last line of a log that says anything, cut; of a line of JSON its event and what it says of the error."""
    try:
        with log_file.open("rb") as file:
            file.seek(max(0, log_file.stat().st_size - 20_000))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        text = line.strip()
        if text.startswith("{"):
            text = _of_entry(text)
        if text and not text.startswith(("Traceback", "File ", "^")):
            return text if len(text) <= most else text[: most - 1] + "…"
    return ""


def _of_entry(line: str) -> str:
    """What an entry of a log in JSON says, unless it is no trouble."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict) or entry.get("level") not in ("error", "critical"):
        return ""
    return " ".join(str(part) for part in (entry.get("event"), entry.get("error"), entry.get("reason")) if part)


def _file(handle: IO[bytes]) -> int:
    return handle.fileno()


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process is not None and child.process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(number)


def environment(settings: Settings) -> dict[str, str]:
    """The settings in force as environment variables, so that a child sees what its parent saw, flags included."""
    return {f"GROUNDSWELL_{name}": text for name, text in _flatten(settings).items()}


def _flatten(model: BaseModel, prefix: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        key = f"{prefix}{name}".upper()
        if isinstance(value, BaseModel):
            out |= _flatten(value, f"{prefix}{name}__")
        elif isinstance(value, SecretStr):
            out[key] = value.get_secret_value()
        elif isinstance(value, Path):
            out[key] = str(value.resolve())
        elif isinstance(value, dict):
            continue  # maps come from the settings file, which the child reads too
        elif isinstance(value, tuple):
            out[key] = json.dumps(value)
        elif value is not None:
            out[key] = str(value)
    return out


def end_with_parent(parent: int | None, within: float = 20.0) -> None:
    """End this process when the one with this id is no longer its parent: it was killed, and nobody will stop us.

    It is asked by SIGTERM, and ends after `within` seconds in any case; a thread watches, which nothing can hold up.
    """

    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(within)
        os._exit(1)

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # until it listens for itself, it has nothing in hand
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=watch, name="parent", daemon=True).start()
