"""`groundswell worker` and `groundswell web`: single processes, as a supervisor or Kubernetes starts them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import Annotated

import typer

from pipeline.commands import context
from pipeline.contracts.topics import STAGES
from pipeline.errors import SettingsError
from pipeline.settings.settings import Settings
from pipeline.terminal import console

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    stages: Annotated[list[str], typer.Argument(help=f"Any of {', '.join(STAGES)}")],
    instance: Annotated[
        str | None, typer.Option(help="Name of this worker: it gets its partitions back after a restart")
    ] = None,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run stages as Faust workers; several stages run as a process each.

    Example:  `groundswell --set kafka.bootstrap=kafka:9092 worker enrich detect`
    """
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown:
        raise SettingsError("no such stage", subject=", ".join(unknown), todo=f"Stages are {', '.join(STAGES)}")
    settings = context.load()
    if not settings.kafka.bootstrap:
        raise SettingsError(
            "no Kafka cluster is named", subject="kafka.bootstrap",
            todo="Set it, or use `groundswell run`, which brings up an embedded one",
        )  # fmt: skip
    if len(stages) == 1:
        asyncio.run(_one(stages[0], settings, instance, parent))
    else:
        asyncio.run(_several(stages, settings))


async def _one(stage: str, settings: Settings, instance: str | None, parent: int | None) -> None:
    from pipeline.observability.metrics import Metrics
    from pipeline.runtime.build import build
    from pipeline.runtime.worker.worker import Worker

    metrics = Metrics()
    built = build(stage, settings, metrics)
    gc.collect()
    gc.freeze()  # catalogue and model stay: looking through them again and again cost a tenth of the time
    gc.set_threshold(20_000, 20, 20)
    worker = Worker(built, settings, metrics, instance)
    end_with(parent)
    if stage == "alert":
        from pipeline.promise.audit import keep_looking

        checking = asyncio.create_task(keep_looking(settings, metrics))
        await worker.run()
        checking.cancel()
        return
    await worker.run()


async def _several(stages: list[str], settings: Settings) -> None:
    from pipeline.runtime.process.supervisor import Child, Supervisor

    supervisor = Supervisor(settings)
    for stage in stages:
        args = ["worker", stage, "--parent", str(os.getpid())]
        supervisor.start(Child(stage, args, show=True))
    console.err.print(f"Running {', '.join(stages)}; logs in {supervisor.logs}. Ctrl-C ends it.")
    await stop_signal()
    await supervisor.stop()


async def stop_signal() -> None:
    """Returns on SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()


@app.command()
def web(parent: Annotated[int | None, typer.Option(hidden=True)] = None) -> None:
    """Serve the built-in page, on loopback unless web.host says otherwise.

    Example:  `groundswell --set web.port=8801 web`
    """
    asyncio.run(_web(context.load(), parent))


async def _web(settings: Settings, parent: int | None) -> None:
    from pipeline.web.serve import serve

    end_with(parent)
    await serve(settings)


def end_with(parent: int | None) -> None:
    """End in order when the process that started us is gone."""
    from pipeline.runtime.process.supervisor import orphaned

    if parent is not None:
        asyncio.ensure_future(orphaned(parent)).add_done_callback(lambda _: os.kill(os.getpid(), signal.SIGTERM))
