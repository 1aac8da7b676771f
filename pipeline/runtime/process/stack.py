"""Starts what is missing (broker, topics, index, workers), and stops it again."""

from __future__ import annotations

import fcntl
import shutil
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import IO

import structlog

from pipeline.contracts.stage_names import STAGES
from pipeline.errors import TerminalError
from pipeline.runtime.kafka.admin import create_all
from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker
from pipeline.runtime.process.supervisor import Child, Supervisor
from pipeline.settings.settings import Settings

log = structlog.get_logger()

COMMIT_SECONDS = 0.15
"""How often workers commit on the embedded broker: producers wait for it there."""


class Stack(AbstractAsyncContextManager["Stack"]):
    """A running Groundswell on this machine, around a `with` block.

    Where the settings name no Kafka cluster, the embedded broker runs in this process; then state that workers kept of
    an earlier broker is removed, since its offsets mean nothing now.  The index is kept.
    """

    def __init__(self, settings: Settings, *, wait_for: tuple[str, ...] = (), parent: int) -> None:
        self._given = settings
        self._wait_for = wait_for
        self._parent = parent
        self._broker: EmbeddedBroker | None = None
        self._lock: IO[str] | None = None
        self.settings = settings
        self.supervisor: Supervisor | None = None

    async def __aenter__(self) -> Stack:
        self._acquire_lock()
        settings = self._given
        if not settings.kafka.bootstrap:
            self._broker = EmbeddedBroker()
            kafka = {"bootstrap": self._broker.bootstrap, "embedded": True, "wait_for": self._wait_for}
            worker = {"commit_seconds": min(settings.worker.commit_seconds, COMMIT_SECONDS)}
            settings = settings.model_copy(
                update={
                    "kafka": settings.kafka.model_copy(update=kafka),
                    "worker": settings.worker.model_copy(update=worker),
                }
            )
            shutil.rmtree(settings.data / "state", ignore_errors=True)
        shutil.rmtree(settings.data / "workers", ignore_errors=True)
        create_all(settings.kafka)
        await self._set_up_index(settings)
        self.settings = settings
        self.supervisor = Supervisor(settings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.supervisor is not None:
            await self.supervisor.stop()
        if self._broker is not None:
            self._broker.close()
        if self._lock is not None:
            self._lock.close()

    def start_workers(self, stages: tuple[str, ...] = STAGES, *, show_alerts: bool = False) -> None:
        """Start a worker process for each stage."""
        for stage in stages:
            args = ["worker", stage, "--instance", f"{stage}-0", "--parent", str(self._parent)]
            self.start(Child(stage, args, show=show_alerts and stage == "alert"))

    def start(self, child: Child) -> None:
        """Start a further process of ours and keep it running."""
        if self.supervisor is None:
            raise RuntimeError("enter the stack first")
        self.supervisor.start(child)

    def check(self, most: int = 5) -> None:
        """Raise `TerminalError` when a process keeps ending: waiting on would be for ever."""
        for child in self.supervisor.children.values() if self.supervisor else ():
            if child.restarts >= most:
                raise TerminalError(
                    f"ended {child.restarts} times", subject=f"process {child.name}",
                    todo=f"See {self.settings.data / 'logs' / child.name}.log",
                )  # fmt: skip

    async def _set_up_index(self, settings: Settings) -> None:
        from pipeline.index.load import open_index

        index = open_index(settings)
        try:
            await index.setup()
        finally:
            await index.close()

    def _acquire_lock(self) -> None:
        """One stack a data folder: two would share state files and mix their offsets."""
        self._given.data.mkdir(parents=True, exist_ok=True)
        handle = (self._given.data / "lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise TerminalError(
                "another Groundswell runs there", subject=f"data folder {self._given.data}",
                todo="Stop it, or name another folder by --data or GROUNDSWELL_DATA",
            ) from error  # fmt: skip
        self._lock = handle


def worker_addresses(settings: Settings) -> dict[str, str]:
    """Stage → address of its health page, for those that have started."""
    found: dict[str, str] = {}
    with suppress(FileNotFoundError):
        for path in sorted((settings.data / "workers").iterdir(), key=lambda p: p.stat().st_mtime):
            found[path.name.split(".")[0]] = path.read_text().strip()
    return found
