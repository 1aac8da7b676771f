"""`groundswell promise`: reported false alarms against those promised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.promise.compliance import ComplianceReport

app = context.new_app()

LISTED = 30
"""Most rows for a person."""


@app.command()
def promise(
    days: Annotated[float, typer.Option(min=1.0, max=3_650.0, help="Days back from the newest mention.")] = 90.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Hold the false alarms that people reported against those promised: in all, per team, per company.

    A false alarm is an incident with the verdict `false` (groundswell incidents ack).  Status 1 when a promise is
    broken beyond chance.

    Example:  `groundswell promise --days 30`
    """
    import asyncio

    import msgspec
    from rich.console import Console

    from pipeline.promise.audit import audit_installation

    found = asyncio.run(audit_installation(context.load_to_read(), days))
    if as_json:
        typer.echo(msgspec.json.encode(_for_machines(found)))
    else:
        _show(Console(highlight=False), found)
    if found.broken:
        raise typer.Exit(1)


def _show(console: Console, found: ComplianceReport) -> None:
    from rich.table import Table
    from rich.text import Text

    from pipeline.promise.compliance import sentence
    from pipeline.text.safe import single_line

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("", "for", "months", "allowed", "called false", "no verdict", "at least a month"):
        table.add_column(heading, justify="left" if heading in ("", "for") else "right")
    for row in found.results[:LISTED]:
        table.add_row(
            "[red]broken[/]" if row.broken else "[green]kept[/]" if row.judged else "unknown",
            Text(single_line(f"team {row.name}" if row.scope == "team" else row.name, 40)),
            f"{row.months:,.1f}",
            f"{row.allowed:,.2f}",
            f"{row.reported:,}",
            f"{row.unjudged:,}",
            f"{row.at_least:,.2f}",
        )
    console.print(table)
    console.print(sentence(found.whole, found.days), soft_wrap=True)
    if found.broken:
        console.print(
            "What to do: docs/on-call.md, “More false alarms than promised”. A lower detect.false_alarms helps now.",
            soft_wrap=True,
        )


def _for_machines(found: ComplianceReport) -> dict[str, object]:
    import msgspec

    from pipeline.promise.compliance import sentence

    rows = [
        msgspec.to_builtins(row) | {"likely": round(row.likely, 2), "sentence": sentence(row, found.days)}
        for row in found.results
    ]
    return {"days": found.days, "kept": rows}
