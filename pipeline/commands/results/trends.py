"""`groundswell trends`: numbers of companies over a span, and over the span before."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.commands.companies import entity_id
from pipeline.commands.times import parse_time

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.index.protocol import Index
    from pipeline.index.trends import ComparedCompany, TrendReport
    from pipeline.settings.settings import Settings

app = context.new_app()


@app.command()
def trends(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="Companies; the followed ones if none, else the most mentioned"),
    ] = None,
    query: Annotated[str, typer.Option(help="Only mentions that this finds: docs/search.md")] = "",
    days: Annotated[float, typer.Option(min=0.01, max=3_650.0, help="Length of the span, unless --since says")] = 7.0,
    since: Annotated[str | None, typer.Option(help="2026-01-31, 2026-01-31T12:00Z, or an age: 90m, 24h, 7d")] = None,
    until: Annotated[str | None, typer.Option(help="Likewise; the newest mention if not given")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table for spreadsheets")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object")] = False,
) -> None:
    """Mentions, negatives and share of voice by company, compared with the span before.

    Example:  `groundswell trends Lufthansa Ryanair --days 30 --csv > trends.csv`
    """
    import msgspec
    from rich.console import Console

    from pipeline.index import trends as numbers
    from pipeline.index.protocol import Query

    settings = context.load_to_read()
    asked = Query(text=query)

    async def found(index: Index) -> TrendReport | None:
        end = await numbers.newest_time(index, asked) if until is None else parse_time(until, "--until")
        if end is None:
            return None
        start = end - timedelta(days=days) if since is None else parse_time(since, "--since")
        if start >= end:
            raise typer.BadParameter("the span ends before it begins", param_hint="--since")
        return await numbers.trends(index, asked, start, end, await _companies(names or [], settings, index))

    report = context.with_index(settings, found)
    if report is None:
        typer.echo("no mentions", err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    elif as_csv:
        sys.stdout.write(numbers.as_csv(report))
    else:
        Console(highlight=False).print(_table(report))


async def _companies(names: list[str], settings: Settings, index: Index) -> list[ComparedCompany]:
    from pipeline.enrich.catalogue.watch_list import read_watch_list
    from pipeline.index.trends import ComparedCompany

    if names:
        return [ComparedCompany(await entity_id(name, settings, index)) for name in names]
    watch_list = read_watch_list(settings.following)
    return [ComparedCompany(company.id, company.name) for company in watch_list.companies] if watch_list else []


def _table(report: TrendReport) -> Table:
    """One row a company, for people."""
    from datetime import UTC

    from rich.table import Table
    from rich.text import Text

    from pipeline.text.safe import single_line

    def share(value: float | None) -> str:
        return "" if value is None else f"{100 * value:.0f} %"

    start, end = (when.astimezone(UTC) for when in (report.since, report.until))
    table = Table(
        box=None, padding=(0, 2, 0, 0), header_style="bold",
        caption=f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC; in brackets the span of that length before",
    )  # fmt: skip
    for heading in ("company", "mentions", "negative", "of its own (95 %)", "share of voice", "networks", "languages"):
        table.add_column(heading, justify="left" if heading in ("company", "networks", "languages") else "right")
    for row in report.companies:
        now, before = row.now, row.before
        bounds = f" {share(now.interval.low)[:-2]}–{share(now.interval.high)}" if now.interval else ""
        table.add_row(
            Text(single_line(row.name, 40)),
            f"{now.mentions:,} ({before.mentions:,})",
            f"{now.negative:,} ({before.negative:,})",
            f"{share(now.share)}{bounds}" + (f" ({share(before.share)})" if before.share is not None else ""),
            f"{share(now.voice)}" + (f" ({share(before.voice)})" if before.voice is not None else ""),
            Text(", ".join(f"{single_line(part.value, 20)} {part.mentions:,}" for part in row.networks[:3])),
            Text(", ".join(f"{single_line(part.value, 10)} {part.mentions:,}" for part in row.languages[:3])),
        )
    return table
