"""What keeps Groundswell from running is said before anything starts."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.enrich.catalogue import CatalogueError
from pipeline.errors import TerminalError
from pipeline.runtime.process import preflight
from pipeline.runtime.process.preflight import check_catalogue, check_disk, check_machine, check_port
from pipeline.runtime.process.stack import Stack
from pipeline.settings.settings import Settings


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def settings(folder: Path, **more: object) -> Settings:
    return Settings(data=folder, **more)  # type: ignore[arg-type]


def test_a_port_that_somebody_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TerminalError, match=rf"page on 127.0.0.1:{port}: cannot listen .*--set web.port"):
            check_port("page", "127.0.0.1", port, "web.port")
    check_port("page", "127.0.0.1", port, "web.port")
    check_port("page", "127.0.0.1", 0, "web.port")


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(10**10, 10**10 - 10**6, 10**6))
    with pytest.raises(TerminalError, match="1 MB are free, 200 are needed"):
        check_machine(settings(tmp_path / "not" / "there" / "yet"))
    check_disk(tmp_path, 500_000)


def test_too_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 900000 kB\nMemAvailable:  102400 kB\n")
    monkeypatch.setattr(preflight, "_MEMINFO", meminfo)
    with pytest.raises(TerminalError, match="memory: 105 MB are available"):
        check_machine(settings(tmp_path))
    monkeypatch.setattr(preflight, "_MEMINFO", tmp_path / "none")
    check_machine(settings(tmp_path))


def test_a_catalogue_that_cannot_be_used(tmp_path: Path) -> None:
    broken = tmp_path / "companies.yaml"
    broken.write_text("- id: [")
    with pytest.raises(CatalogueError):
        check_catalogue(settings(tmp_path, enrich={"catalogue": broken}))
    check_catalogue(settings(tmp_path))


async def test_nothing_is_started_and_the_folder_is_free_again(tmp_path: Path) -> None:
    broken = tmp_path / "companies.yaml"
    broken.write_text("- id: [")
    given = settings(tmp_path / "data", enrich={"catalogue": broken})
    for _ in range(2):
        with pytest.raises(CatalogueError):
            async with Stack(given, parent=os.getpid()):
                pytest.fail("it started")
    assert not (tmp_path / "data" / "index.sqlite").exists()


async def test_a_second_stack_does_not_touch_what_the_first_has(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with Stack(settings(data), parent=os.getpid(), prepare=lambda folder: folder.empty()):
        assert (data / "index.sqlite").exists()
        with pytest.raises(TerminalError, match="another Groundswell"):
            async with Stack(settings(data), parent=os.getpid(), prepare=lambda folder: folder.empty()):
                pytest.fail("it started")
        assert (data / "index.sqlite").exists()
