"""`groundswell doctor`: is everything there that the settings ask for?"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from pipeline.commands import context
from pipeline.contracts import topics
from pipeline.errors import GroundswellError, TerminalError
from pipeline.runtime.process.stack import worker_addresses
from pipeline.settings.settings import Settings
from pipeline.terminal import console

app = typer.Typer(add_completion=False)


class Finding(NamedTuple):
    """What was looked at, whether it is well, and what was found or has to be done."""

    what: str
    well: bool
    words: str


@app.command()
def doctor() -> None:
    """Look at settings, model, catalogue, Kafka, index, ports, workers and the promise; status 1 when one is wrong.

    Example:  `groundswell --set index.url=http://localhost:9200 doctor`
    """
    settings = context.load()
    checks: dict[str, Callable[[Settings], str]] = {
        "settings": lambda s: f"data in {s.data}",
        "model": _model,
        "catalogue": _catalogue,
        "Kafka": _kafka,
        "index": _index,
        "page": _page,
        "workers": _workers,
        "promise": _promise,
    }
    findings = [_look(what, check, settings) for what, check in checks.items()]
    table = Table("", "", "")
    for finding in findings:
        table.add_row("[green]well[/]" if finding.well else "[red]wrong[/]", finding.what, console.plain(finding.words))
    Console().print(table)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def _look(what: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(what, True, check(settings))
    except GroundswellError as error:
        return Finding(what, False, str(error))


def _model(settings: Settings) -> str:
    from models.load import load_scorer

    scorer = load_scorer(settings.model)
    label = scorer.score(["They lost my bag and nobody answers."])[0].sentiment.label
    return f"{scorer.ref.name} {scorer.ref.version} ({settings.model.backend}); reads a complaint as {label}"


def _catalogue(settings: Settings) -> str:
    from pipeline.enrich.catalogue.loading import load_catalogue

    return f"{len(load_catalogue(settings.enrich.catalogue)):,} entities"


def _kafka(settings: Settings) -> str:
    from pipeline.runtime.kafka.admin import Offsets

    kafka = settings.kafka
    if not kafka.bootstrap:
        return "none named: `run` and `replay` bring up the embedded one"
    offsets = Offsets(kafka)
    try:
        missing = [topic.name for topic in topics.ALL if not offsets.ends(topic.name)]
    finally:
        offsets.close()
    if missing and not kafka.embedded:
        raise TerminalError(
            f"topics missing: {', '.join(missing)}", subject=kafka.bootstrap, todo="Run `groundswell topics create`"
        )
    return f"{kafka.bootstrap} answers, topics are there"


def _index(settings: Settings) -> str:
    return asyncio.run(_count(settings))


async def _count(settings: Settings) -> str:
    from pipeline.index.load import open_index

    index = open_index(settings)
    try:
        await index.setup()
        return f"{await index.count():,} mentions in {settings.index.url or settings.data}"
    finally:
        await index.close()


def _promise(settings: Settings) -> str:
    from pipeline.detect.promise import sentence
    from pipeline.promise.audit import look_here

    found = asyncio.run(look_here(settings))
    if found.broken:
        worst = found.broken[0]
        raise TerminalError(sentence(worst, found.days), subject=worst.name, todo="See: groundswell promise")
    return sentence(found.whole, found.days)


def _page(settings: Settings) -> str:
    host, port = settings.web.host, settings.web.port
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return f"something listens on http://{host}:{port}/ (the page, if Groundswell runs)"
    return f"http://{host}:{port}/ is free"


def _workers(settings: Settings) -> str:
    found = worker_addresses(settings)
    return (
        ", ".join(f"{stage} {address}/healthz" for stage, address in found.items()) or "none has run from this folder"
    )
