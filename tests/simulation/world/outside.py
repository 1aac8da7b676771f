"""What is outside the workers: the index, the receivers of alerts, the disk with the state; and the stages at them.

The stages, the SQLite index and the stores are the real ones; each is only given a point before and after it acts, at
which its worker may die, and the errors of a bad day.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipeline.alert.delivery import RetryLimits
from pipeline.alert.stage import Alert
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.topics import changelog
from pipeline.detect.stage import Detect
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.errors import TransientError
from pipeline.index.elastic.index import ElasticIndex
from pipeline.index.protocol import Document, Index, Written
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.index.sqlite.schema import connect
from pipeline.index.stage import IndexStage
from pipeline.runtime.kafka.publisher import Publisher
from pipeline.runtime.stores.changelog import ChangelogStore
from pipeline.runtime.stores.sqlite import SqliteStore
from pipeline.settings.index import IndexSettings
from pipeline.simulate.companies import demo_catalogue
from pipeline.stages.stage import Stage
from pipeline.stages.state import Change, MemoryStore, Store
from tests.simulation.world.elasticsearch import URL
from tests.support.scorers import FixedScorer

if TYPE_CHECKING:
    from tests.simulation.world.process import Process
    from tests.simulation.world.world import World

RECEIVERS = (("log", False), ("pager", True))
"""Name of each receiver of alerts, and whether it wakes a person."""


@cache
def linker() -> Linker:
    """The linker of the ten invented companies."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "companies.yaml"
        path.write_text(demo_catalogue(), encoding="utf-8")
        return Linker(load_catalogue(path))


class PointedIndex(SqliteIndex):
    """The embedded index of one process."""

    def __init__(self, path: Path, process: Process) -> None:
        super().__init__(path)
        self._process = process

    async def write(self, documents: Sequence[Document]) -> Written:
        await self._process.point("index")
        if self._process.out_for("index"):
            raise TransientError("database or disk is full", subject="index.sqlite")
        written = await super().write(documents)
        if await self._process.point("indexed"):
            raise TransientError("the answer did not arrive", subject="index.sqlite")
        return written


class PointedStore(SqliteStore):
    """State in a file, of one process."""

    def __init__(self, path: Path, process: Process) -> None:
        super().__init__(path)
        self._process = process

    async def write(self, changes: list[Change]) -> None:
        await self._process.point("state")
        if self._process.out_for("disk"):
            raise sqlite3.OperationalError("database or disk is full")
        await super().write(changes)
        await self._process.point("stated")


class Receiver:
    """A notifier whose other side writes down what it took."""

    def __init__(self, name: str, pages: bool, process: Process, taken: list[tuple[str, IncidentEvent]]) -> None:
        self.name = name
        self.pages = pages
        self._process = process
        self._taken = taken

    async def send(self, event: IncidentEvent) -> None:
        await self._process.point("notify")
        if self._process.out_for("receiver"):
            raise TransientError("refuses", subject=self.name)
        self._taken.append((self.name, event))
        if await self._process.point("notified"):
            raise TransientError("the answer did not arrive", subject=self.name)

    async def close(self) -> None:
        return


class Outside:
    """The outside of one world; lives in a folder of its own."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self.delivered: list[tuple[str, IncidentEvent]] = []
        """What receivers took, in order: (receiver, event)."""
        self._opened: list[Index | SqliteStore] = []
        self._path = folder / "index.sqlite"
        shutil.copy(_empty_index(), self._path)

    def stage(self, name: str, process: Process) -> Stage:
        """The stage of a worker that begins."""
        if name == "enrich":
            return Enrich(linker(), FixedScorer())
        if name == "detect":
            return Detect()
        if name == "index":
            return IndexStage(self._index(process))
        limits = RetryLimits(clock=self._world.loop.time)
        receivers = [Receiver(receiver, pages, process, self.delivered) for receiver, pages in RECEIVERS]
        return Alert(receivers, limits=limits)

    def open_index(self) -> Index:
        """The index, for whoever looks at it when all is over."""
        return (
            SqliteIndex(self._path) if self._world.history.index == "sqlite" else ElasticIndex(IndexSettings(url=URL))
        )

    def _index(self, process: Process) -> Index:
        index: Index
        if self._world.history.index == "sqlite":
            index = PointedIndex(self._path, process)
        else:
            index = ElasticIndex(IndexSettings(url=URL))
        self._opened.append(index)
        return index

    def store(self, name: str, publisher: Publisher, process: Process) -> Store:
        """The store of a worker that begins."""
        if name == "index":
            return MemoryStore()
        if self._world.history.store == "changelog":
            return ChangelogStore(self._world.kafka, changelog(name).name, publisher)
        store = PointedStore(self._folder / f"{name}.sqlite", process)
        self._opened.append(store)
        return store

    def open_store(self, name: str, publisher: Publisher) -> Store:
        """The state of a stage, for whoever looks at it when all is over."""
        if self._world.history.store == "changelog":
            return ChangelogStore(self._world.kafka, changelog(name).name, publisher)
        store = SqliteStore(self._folder / f"{name}.sqlite")
        self._opened.append(store)
        return store

    def stored(self, name: str) -> list[bytes]:
        """Every value of a stage's state, as it is kept."""
        if self._world.history.store == "changelog":
            return [record.value for record in self._world.broker.present(changelog(name).name) if record.value]
        with closing(sqlite3.connect(self._folder / f"{name}.sqlite")) as file:
            return [bytes(row[0]) for row in file.execute("SELECT data FROM state")]

    async def close(self) -> None:
        """Close every file."""
        for opened in self._opened:
            await opened.close()


@cache
def _template_folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


@cache
def _empty_index() -> Path:
    path = Path(_template_folder().name) / "index.sqlite"
    connect(path).close()
    return path
