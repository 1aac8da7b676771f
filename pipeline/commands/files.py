"""`groundswell analyze` and `groundswell detect`: a file in, a file out, no broker."""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Annotated

import typer

from pipeline.commands import context
from pipeline.errors import TerminalError

app = typer.Typer()


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """A file of lines, also gzipped, or standard input for `-`."""
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as handle:
            yield handle  # type: ignore[misc]
    except OSError as error:
        raise TerminalError(str(error.strerror), subject=path, todo="Name a readable file, or - for stdin") from error


@app.command()
def analyze(
    file: Annotated[str, typer.Argument(help="Posts, one JSON object a line; - for standard input")],
    whole: Annotated[bool, typer.Option("--whole", help="One line a post: its own sentiment, no linking")] = False,
    target: Annotated[bool, typer.Option("--target", help='One line a post: sentiment toward its "target"')] = False,
    catalogue: Annotated[str | None, typer.Option(help="An own catalogue, as enrich.catalogue")] = None,
) -> None:
    """Posts in, mentions out, in input order.  Only post_id and text are needed.

    Example:  `groundswell analyze posts.jsonl > mentions.jsonl`
    """
    from pipeline.runtime.analysis import linked, per_post

    if whole and target:
        raise typer.BadParameter("choose one of --whole and --target")
    if catalogue:
        context.put("enrich.catalogue", catalogue)
    settings = context.load()
    with opened(file) as lines:
        if whole or target:
            bad = per_post(settings, lines, sys.stdout.buffer, target=target)
        else:
            bad = asyncio.run(linked(settings, lines, sys.stdout.buffer))
    _close(bad, file)


@app.command()
def detect(
    file: Annotated[str, typer.Argument(help="Mentions, one JSON object a line, in arrival order; - for stdin")],
    false_alarms: Annotated[
        float | None, typer.Option(help="False alarms promised per entity and month", min=0.001, max=30.0)
    ] = None,
) -> None:
    """Mentions in, incident events out.

    Example:  `groundswell detect mentions.jsonl --false-alarms 0.1`
    """
    from pipeline.runtime.detection import detect_file

    if false_alarms is not None:
        context.put("detect.false_alarms", false_alarms)
    settings = context.load()
    with opened(file) as lines:
        bad = detect_file(settings, lines, sys.stdout.buffer)
    _close(bad, file)


def _close(bad: int, file: str) -> None:
    sys.stdout.buffer.flush()
    if bad:
        context.err.print(f"[yellow]{bad:,} lines of {file} could not be read[/]; each is named above with its reason")
        raise typer.Exit(1)
