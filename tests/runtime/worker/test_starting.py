"""A worker that cannot start ends, whatever threads of libraries it has begun."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker
from pipeline.runtime.worker.consume import UNEXPECTED

WORKER = """
import asyncio, sys, threading, time
from pipeline.commands.streaming.processes import run_stage
from pipeline.runtime.worker import worker
from pipeline.settings.settings import load

make_app = worker.make_app

def broken(*given):
    app = make_app(*given)

    async def start():
        threading.Thread(target=time.sleep, args=(600.0,)).start()
        raise RuntimeError("nobody foresaw this")

    app.start = start
    return app

worker.make_app = broken
settings = load(data=sys.argv[1], kafka={"bootstrap": sys.argv[2], "embedded": True})
asyncio.run(run_stage("detect", settings, None, None))
"""


async def test_an_unforeseen_error_while_starting_ends_the_process(
    embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, str(tmp_path), embedded_broker.bootstrap, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert await asyncio.wait_for(worker.wait(), 60.0) == UNEXPECTED
    finally:
        if worker.returncode is None:
            worker.kill()
