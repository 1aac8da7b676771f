"""The whole pipeline, with embedded servers and with the real ones: one behaviour, one test, every backend."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.streaming.replay_run import ReplayRun
from pipeline.index.load import open_index
from pipeline.index.protocol import Index
from pipeline.ingest.formats.formats import reader_for
from pipeline.ingest.replay import parse_speed
from pipeline.runtime.kafka.drain import Drain
from pipeline.runtime.process.stack import Stack
from pipeline.settings import settings as settings_module
from pipeline.settings.settings import Settings

Configure = Callable[..., Settings]
BACKENDS = ["embedded", pytest.param("real", marks=pytest.mark.real)]


@pytest.fixture(params=BACKENDS)
def configure(request: pytest.FixtureRequest, tmp_path: Path) -> Configure:
    """Settings for servers of this test's own; sections given by name are merged in."""
    return configure_for(request, tmp_path)


def configure_for(request: pytest.FixtureRequest, tmp_path: Path) -> Configure:
    """As the fixture, for the backend that the request names."""
    given: dict[str, Any] = {"data": tmp_path / "data", "log_level": "info"}
    if getattr(request, "param", "real") == "real":
        kafka = request.getfixturevalue("fresh_kafka")
        elastic = request.getfixturevalue("real_elasticsearch")
        name = request.getfixturevalue("unique_name")
        given["kafka"] = {"bootstrap": kafka.bootstrap}
        given["index"] = {
            "url": elastic.url,
            "username": elastic.username,
            "password": elastic.password,
            "prefix": name("whole"),
        }

    def configure(**sections: dict[str, Any]) -> Settings:
        merged = {key: dict(value) if isinstance(value, dict) else value for key, value in given.items()}
        for key, values in sections.items():
            merged[key] = {**merged.get(key, {}), **values}
        return settings_module.load(**merged)

    return configure


@asynccontextmanager
async def running(settings: Settings, *, counted: bool = False) -> AsyncIterator[Stack]:
    """A stack with a worker for each stage; `counted` for `replay`, which reads along and is waited for."""
    wait_for = (f"{settings.kafka.prefix}-replay",) if counted else ()
    async with Stack(settings, wait_for=wait_for, parent=os.getpid()) as stack:
        stack.start_workers()
        yield stack


async def replay(stack: Stack, file: Path, *, format: str = "posts", speed: str = "max") -> dict[str, float]:
    """Replay a file, and wait until all of it is processed."""
    settings = stack.settings
    run = ReplayRun(settings, [str(file)], reader_for(format, settings.ingest), parse_speed(speed), stack)
    return await run.go(time.monotonic(), True)


async def drained(settings: Settings, within: float = 120.0) -> None:
    """Wait until every stage has acknowledged everything."""
    drain = Drain(settings.kafka)
    try:
        await asyncio.wait_for(drain.wait(), within)
    finally:
        drain.close()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Index]:
    """The index, refreshed."""
    index = open_index(settings)
    try:
        await index.refresh()
        yield index
    finally:
        await index.close()
