"""`groundswell incidents`: what is going on, and what a person made of it."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.alert.terminal import KINDS
from pipeline.commands import context
from pipeline.contracts.messages import IncidentEvent
from pipeline.errors import TerminalError
from pipeline.index.load import open_index
from pipeline.promise.verdicts import VERDICTS, Acknowledgement, Acknowledgements, Verdict
from pipeline.settings.settings import Settings
from pipeline.text.safe import single_line

app = typer.Typer(help="Incidents: list them, and record what they turned out to be.", no_args_is_help=True)

SEARCHED = 1_000
"""Newest incidents among which an id is looked up."""


@app.command("list")
def list_incidents(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=SEARCHED, help="How many, newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List incidents, newest first, with the verdict if there is one."""
    settings = context.load()
    found = asyncio.run(_incidents(settings, open_only, limit))
    verdicts = Acknowledgements(settings.data).newest(event.incident_id for event in found)
    if as_json:
        for event in found:
            typer.echo(_json(event, verdicts.get(event.incident_id)))
        return
    console = Console(highlight=False)
    console.print(_table(found, verdicts) if found else "No incidents." if not open_only else "No open incidents.")


@app.command("ack")
def acknowledge(
    incident_id: Annotated[str, typer.Argument(help="The id, as `incidents list` shows it.")],
    reason: Annotated[str, typer.Option(help=f"One of: {', '.join(VERDICTS)}.")],
    note: Annotated[str, typer.Option(help="A few words for those who come after.")] = "",
    by: Annotated[str, typer.Option(help="Who says so; your login name if unset.")] = "",
) -> None:
    """Record what an incident turned out to be: real, false, known, or too late."""
    verdict = _verdict(reason)
    settings = context.load()
    known = {event.incident_id: event for event in asyncio.run(_incidents(settings, False, SEARCHED))}
    if incident_id not in known:
        raise TerminalError(
            f"is not among the {SEARCHED:,} newest incidents", subject=incident_id,
            todo="See: groundswell incidents list",
        )  # fmt: skip
    person = by or getpass.getuser()
    given = Acknowledgements(settings.data).record(known[incident_id], verdict, note=note, person=person)
    typer.echo(f"{single_line(given.incident_id, 300)}: {given.verdict} (by {single_line(given.person, 100)})")


def _verdict(text: str) -> Verdict:
    """One of `VERDICTS`, also written with a dash or an underscore."""
    plain = text.strip().lower().replace("-", " ").replace("_", " ")
    for verdict in VERDICTS:
        if plain == verdict:
            return verdict
    raise typer.BadParameter(f"{text!r} is not one of: {', '.join(VERDICTS)}", param_hint="--reason")


async def _incidents(settings: Settings, open_only: bool, limit: int) -> list[IncidentEvent]:
    index = open_index(settings)
    try:
        return await index.incidents(open_only=open_only, limit=limit)
    finally:
        await index.close()


def _table(found: list[IncidentEvent], verdicts: dict[str, Acknowledgement]) -> Table:
    """One row an incident; texts of strangers are cleaned and never read as markup."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("opened (UTC)", "state", "sev", "company", "kind", "mentions", "verdict", "incident"):
        table.add_column(heading, overflow="fold" if heading == "incident" else "ellipsis")
    for event in found:
        given = verdicts.get(event.incident_id)
        cells = (
            f"{event.opened_at:%Y-%m-%d %H:%M}",
            "over" if event.event == "resolved" else "open",
            f"{event.severity}",
            single_line(event.entity.name, 30),
            KINDS[event.kind] + (" (coordinated)" if event.coordinated else ""),
            f"{event.counts.mentions:,}",
            given.verdict if given else "",
            single_line(event.incident_id, 300),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _json(event: IncidentEvent, given: Acknowledgement | None) -> str:
    fields = msgspec.to_builtins(event) | {"acknowledged": msgspec.to_builtins(given)}
    return msgspec.json.encode(fields).decode()
