"""`groundswell replay`: files of posts through the whole pipeline."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands import context

app = context.new_app()


@app.command()
def replay(
    files: Annotated[list[str], typer.Argument(help="Files (.jsonl, .csv, .gz) or - for standard input")],
    format: Annotated[
        str | None, typer.Option(help="posts, twcs, or a layout from the settings; else as the file begins")
    ] = None,
    network: Annotated[str | None, typer.Option(help="Network of posts that name none")] = None,
    speed: Annotated[str, typer.Option(help="max, a factor such as 10x, or a rate such as 200/s")] = "max",
    wait: Annotated[bool, typer.Option("--wait", help="Until all of it is processed")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Close with one line of JSON")] = False,
    catalogue: Annotated[str | None, typer.Option(help="An own catalogue, as enrich.catalogue")] = None,
) -> None:
    """Publish files of posts; on the embedded default bring everything up for it, and wait.

    Example:  `groundswell replay support.csv --format twcs --wait --json`
    """
    if catalogue:
        context.put("enrich.catalogue", catalogue)
    settings = context.load()

    import asyncio
    import json

    from pipeline.commands.streaming.replay_run import replay_files
    from pipeline.ingest.formats.formats import detected_format, reader_for

    reader = reader_for(format or detected_format(files), settings.ingest, network)
    counts = asyncio.run(replay_files(settings, files, reader, speed, wait))
    typer.echo(json.dumps(counts) if as_json else _sentence(counts))
    if counts["interrupted"]:
        raise typer.Exit(130)


def _sentence(counts: dict[str, float]) -> str:
    known = [f"{name.replace('_', ' ')} {value:,}" for name, value in counts.items() if name != "interrupted"]
    return " · ".join(known)
