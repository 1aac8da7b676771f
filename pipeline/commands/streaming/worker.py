"""`groundswell worker`: stages as Faust workers, as a supervisor or Kubernetes starts them."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands import context
from pipeline.contracts.stage_names import STAGES
from pipeline.errors import SettingsError

app = context.new_app()


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

    import asyncio

    from pipeline.commands.streaming.processes import run_stage, run_stages

    if len(stages) == 1:
        asyncio.run(run_stage(stages[0], settings, instance, parent))
    else:
        asyncio.run(run_stages(stages, settings))
