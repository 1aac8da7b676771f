"""`/healthz` of a worker: a wait without an end is not health."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.index.sqlite.index import SqliteIndex
from pipeline.index.stage import IndexStage
from pipeline.observability.metrics import Metrics
from pipeline.runtime.worker.worker import Worker
from pipeline.settings.settings import load


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    settings = load(data=tmp_path, kafka={"bootstrap": "127.0.0.1:9"}, worker={"waiting_seconds": 300.0})
    return Worker(IndexStage(SqliteIndex(tmp_path / "index.sqlite")), settings, Metrics())


def test_a_wait_is_health_for_a_while_and_then_says_for_what(worker: Worker) -> None:
    clock = [0.0]
    worker.progress._clock = lambda: clock[0]
    assert worker.healthy()[0]
    with worker.progress.waiting("broker"):
        clock[0] = 299.0
        well, details = worker.healthy()
        assert (well, details["waiting_for"], details["waiting_seconds"], details["why"]) == (
            True,
            "broker",
            299.0,
            None,
        )
        clock[0] = 300.0
        well, details = worker.healthy()
        assert (well, details["why"]) == (False, "has waited for broker for 300 s")
    assert worker.healthy()[0]


async def test_a_question_that_comes_before_the_start_does_not_make_the_consumer(worker: Worker) -> None:
    """The thread that answers would make it for an event loop of its own, and then the worker could not start."""
    assert (await asyncio.to_thread(worker.healthy))[0]
    assert worker._app.consumer.loop is asyncio.get_running_loop()
