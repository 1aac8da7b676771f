"""`groundswell analyze` and `groundswell detect`: a file in, a file out, no broker."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.errors import TerminalError
from pipeline.terminal import console

if TYPE_CHECKING:
    from pipeline.ingest.rejects import Rejects

app = context.new_app()


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """A file of lines, also gzipped, or standard input for `-`."""
    if path == "-":
        yield sys.stdin.buffer
        return

    import gzip

    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as handle:
            yield handle  # type: ignore[misc]
    except OSError as error:
        raise TerminalError(str(error.strerror), subject=path, todo="Name a readable file, or - for stdin") from error


@app.command()
def analyze(
    file: Annotated[str, typer.Argument(help="Posts as JSON lines or CSV, also gzipped; - for standard input")],
    format: Annotated[
        str | None, typer.Option(help="posts, twcs, or a layout from the settings; else as the file begins")
    ] = None,
    network: Annotated[str | None, typer.Option(help="Network of posts that name none")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="One line a post: its own sentiment, no linking")] = False,
    target: Annotated[bool, typer.Option("--target", help='One line a post: sentiment toward its "target"')] = False,
    toward: Annotated[str | None, typer.Option("--toward", help="The same, toward this name in every post")] = None,
    skip: Annotated[int, typer.Option(help="Go on after so many lines: those of an interrupted run", min=0)] = 0,
    catalogue: Annotated[str | None, typer.Option(help="An own catalogue, as enrich.catalogue")] = None,
) -> None:
    """Posts in, mentions out, in input order and constant memory.  Only post_id and text are needed, in CSV only text.

    Ctrl-C ends it after the lines in hand, and says how to go on.

    Example:  `groundswell analyze posts.jsonl > mentions.jsonl`
    """
    if whole + target + (toward is not None) > 1:
        raise typer.BadParameter("choose one of --whole, --target and --toward")
    if catalogue:
        context.put("enrich.catalogue", catalogue)

    from pipeline.ingest.formats.formats import detected_format, reader_for
    from pipeline.ingest.formats.lines import open_source
    from pipeline.ingest.rejects import Rejects, rejects_path
    from pipeline.runtime.offline.analysis import InputRows, SentimentRequest, linked, per_post
    from pipeline.runtime.offline.resumable_output import Stop, write_out
    from pipeline.terminal.file_progress import FileProgress

    settings = context.load()

    reader = reader_for(format or detected_format([file]), settings.ingest, network)
    stop, rejects = Stop(), Rejects(rejects_path(settings.data, "analyze"))
    with rejects, open_source(file) as stream, FileProgress(file, skip) as progress, stop.installed():
        source = InputRows(stop.awaited(progress.counted(reader.read(stream, file))), skip, rejects, file)
        if whole or target or toward is not None:
            from models.load import load_scorer

            pieces = per_post(load_scorer(settings.model), source, SentimentRequest(whole, toward))
        else:
            pieces = linked(settings, source)
        done = write_out(pieces, sys.stdout.buffer, stop, lambda done: progress.written(done.line), skip)
    if done.unread:
        _nobody_reads()
    console.say([*reader.assumed(), *rejects.summary()])
    if done.stopped:
        console.err.print(
            f"stopped after line {done.line:,}; what comes of all lines up to it is written. "
            f"To go on: groundswell analyze {file} --skip {done.line} >> …",
            soft_wrap=True,
        )
        raise typer.Exit(130)
    _close(rejects)


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
    from pipeline.ingest.rejects import Rejects, rejects_path
    from pipeline.runtime.offline.detection import detect_file

    if false_alarms is not None:
        context.put("detect.false_alarms", false_alarms)
    settings = context.load()
    with opened(file) as source, Rejects(rejects_path(settings.data, "detect")) as rejects:
        detect_file(settings, file, source, sys.stdout.buffer, rejects)
    console.say(rejects.summary())
    _close(rejects)


def _nobody_reads() -> None:
    """Standard output was closed by whoever read it: that is no error, and nothing is left to be written there."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(0)


def _close(rejects: Rejects) -> None:
    sys.stdout.buffer.flush()
    if rejects.total:
        raise typer.Exit(1)
