"""Runs stages or the page in this process, until a signal or until its parent is gone."""

from __future__ import annotations

import asyncio
import gc
import os
import signal

from pipeline.runtime.process.supervisor import Child, Supervisor, end_with_parent
from pipeline.settings.settings import Settings
from pipeline.terminal.console import err


async def run_stage(stage: str, settings: Settings, instance: str | None, parent: int | None) -> None:
    """One stage as a Faust worker; the alert stage's checks the promise as well."""
    from pipeline.observability.metrics import Metrics
    from pipeline.runtime.build import build
    from pipeline.runtime.worker.worker import Worker

    metrics = Metrics()
    built = build(stage, settings, metrics, live=True)
    gc.collect()
    gc.freeze()  # catalogue and model stay: looking through them again and again cost a tenth of the time
    gc.set_threshold(20_000, 20, 20)
    worker = Worker(built, settings, metrics, instance)
    end_with_parent(parent)
    if stage == "alert":
        from pipeline.promise.audit import audit_forever

        checking = asyncio.create_task(audit_forever(settings, metrics))
        await worker.run()
        checking.cancel()
        return
    await worker.run()


async def run_stages(stages: list[str], settings: Settings) -> None:
    """Each stage in a process of its own."""
    supervisor = Supervisor(settings)
    for stage in stages:
        args = ["worker", stage, "--parent", str(os.getpid())]
        supervisor.start(Child(stage, args, show=True))
    err.print(f"Running {', '.join(stages)}; logs in {supervisor.logs}. Ctrl-C ends it.")
    await stop_signal()
    await supervisor.stop()


async def serve_page(settings: Settings, parent: int | None) -> None:
    """The page."""
    from pipeline.web.serve import serve

    end_with_parent(parent)
    await serve(settings)


async def stop_signal() -> None:
    """Returns on SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()
