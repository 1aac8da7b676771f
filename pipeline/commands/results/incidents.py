"""`groundswell incidents`: list incidents, and record verdicts on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.errors import TerminalError
from pipeline.promise.verdict import VERDICTS, parse_verdict

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.contracts.incidents import IncidentEvent
    from pipeline.promise.verdicts import GivenVerdict
    from pipeline.settings.settings import Settings

app = context.new_app(
    "Incidents: list them, and record what they turned out to be.\n\nExample:  `groundswell incidents list --open`"
)

SEARCHED = 1_000
"""Newest incidents among which an id is looked up."""


@app.command("list")
def list_incidents(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=SEARCHED, help="How many, newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List incidents, newest first, with the verdict if there is one.

    Example:  `groundswell incidents list --open`
    """
    import msgspec
    from rich.console import Console

    from pipeline.promise.verdicts import VerdictStore, with_verdict

    settings = context.load_to_read()
    found = _incidents(settings, open_only, limit)
    verdicts = VerdictStore(settings.data).newest(event.incident_id for event in found)
    if as_json:
        for event in found:
            typer.echo(msgspec.json.encode(with_verdict(event, verdicts.get(event.incident_id))))
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
    """Record what an incident turned out to be: real, false, known, or too late.

    Example:  `groundswell incidents ack northwind-air:pile_on:bluesky:100000 --reason real --note "bags were lost"`
    """
    try:
        verdict = parse_verdict(reason)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--reason") from None

    import getpass

    from pipeline.promise.verdicts import VerdictStore
    from pipeline.text.safe import single_line

    settings = context.load_to_read()
    known = {event.incident_id: event for event in _incidents(settings, False, SEARCHED)}
    if incident_id not in known:
        raise TerminalError(
            f"is not among the {SEARCHED:,} newest incidents", subject=incident_id,
            todo="See: groundswell incidents list",
        )  # fmt: skip
    person = by or getpass.getuser()
    given = VerdictStore(settings.data).record(known[incident_id], verdict, note=note, person=person)
    typer.echo(f"{single_line(given.incident_id, 300)}: {given.verdict} (by {single_line(given.person, 100)})")


def _incidents(settings: Settings, open_only: bool, limit: int) -> list[IncidentEvent]:
    return context.with_index(settings, lambda index: index.incidents(open_only=open_only, limit=limit))


def _table(found: list[IncidentEvent], verdicts: dict[str, GivenVerdict]) -> Table:
    """One row an incident; texts of strangers are cleaned and never read as markup."""
    from rich.table import Table
    from rich.text import Text

    from pipeline.text.incident_words import KIND_WORDS
    from pipeline.text.safe import single_line

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
            KIND_WORDS[event.kind] + (" (coordinated)" if event.coordinated else ""),
            f"{event.counts.mentions:,}",
            given.verdict if given else "",
            single_line(event.incident_id, 300),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table
