"""Starts what is missing (broker, topics, index, workers), and stops it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType

import structlog

from pipeline.contracts.stage_names import STAGES
from pipeline.errors import TerminalError
from pipeline.runtime.kafka.admin import create_all
from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker
from pipeline.runtime.process.data_folder import DataFolder
from pipeline.runtime.process.preflight import LEAST_BYTES, check_catalogue, check_disk, check_machine
from pipeline.runtime.process.supervisor import Child, Supervisor
from pipeline.settings.settings import Settings

log = structlog.get_logger()

COMMIT_SECONDS = 0.15
"""How often workers commit on the embedded broker: producers wait for it there."""

END, END_AT_ONCE = 20.0, 1.5
"""Seconds that workers have to finish what they are at; fewer where a person waits and the broker ends with them."""


class Stack(AbstractAsyncContextManager["Stack"]):
    """A running Groundswell on this machine, around a `with` block.

    Where the settings name no Kafka cluster, the embedded broker runs in this process; then state that workers kept of
    an earlier broker is removed, since its offsets mean nothing now.  The index is kept.

    What can be known before anything starts is checked first, and raises `TerminalError`: whether another Groundswell
    has the data folder, disk, memory, the catalogue.  `prepare` is called with the locked folder before it is used.
    """

    def __init__(
        self, settings: Settings, *, wait_for: tuple[str, ...] = (), parent: int,
        prepare: Callable[[DataFolder], None] = lambda folder: None, hurry: bool = False,
    ) -> None:  # fmt: skip
        """`hurry`: where the embedded broker, and with it every record, ends here, workers are not waited for longer
        than a person likes to wait; they may be killed at any time."""
        self._given = settings
        self._prepare = prepare
        self._wait_for = wait_for
        self._parent = parent
        self._hurry = hurry
        self._broker: EmbeddedBroker | None = None
        self._folder: DataFolder | None = None
        self.settings = settings
        self.supervisor: Supervisor | None = None

    async def __aenter__(self) -> Stack:
        settings = self._given
        self._folder = DataFolder(settings.data)
        try:
            check_machine(settings)
            self._prepare(self._folder)
            check_catalogue(settings)
            return await self._begin(settings)
        except BaseException:
            self._end()
            raise

    async def _begin(self, settings: Settings) -> Stack:
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
            await self.supervisor.stop(END_AT_ONCE if self._hurry and self._broker is not None else END)
        self._end()

    def _end(self) -> None:
        if self._broker is not None:
            self._broker.close()
        if self._folder is not None:
            self._folder.release()

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

    @property
    def children(self) -> dict[str, Child]:
        """The processes that were started, by name."""
        return self.supervisor.children if self.supervisor is not None else {}

    def check(self, most: int = 5) -> None:
        """Raise `TerminalError` when waiting on would be for ever: a process keeps ending, or the disk is full."""
        check_disk(self.settings.data, LEAST_BYTES)
        for child in self.children.values():
            if child.restarts >= most:
                why = f": {child.last_error}" if child.last_error else ""
                raise TerminalError(
                    f"ended {child.restarts} times{why}", subject=f"process {child.name}",
                    todo=f"See {self.settings.data / 'logs' / child.name}.log",
                )  # fmt: skip

    async def _set_up_index(self, settings: Settings) -> None:
        from pipeline.index.load import open_index

        index = open_index(settings)
        try:
            await index.setup()
        finally:
            await index.close()


def worker_addresses(settings: Settings) -> dict[str, str]:
    """Stage → address of its health page, for those that have started."""
    found: dict[str, str] = {}
    with suppress(FileNotFoundError):
        for path in sorted((settings.data / "workers").iterdir(), key=lambda p: p.stat().st_mtime):
            found[path.name.split(".")[0]] = path.read_text().strip()
    return found
