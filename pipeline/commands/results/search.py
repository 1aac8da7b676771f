"""`groundswell search`: search the mentions in the index."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pipeline.commands import context
from pipeline.commands.companies import entity_id
from pipeline.commands.times import parse_time
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.contracts.values import Label
    from pipeline.index.protocol import Index, Order, Page

_ORDERS = ("newest", "oldest", "reach", "best")
_COLOUR = {"negative": "red", "neutral": "", "positive": "green"}

app = context.new_app()


@app.command()
def search(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY", help="Words, phrases, fields: docs/search.md")
    ] = None,
    entity: Annotated[str | None, typer.Option(help="The company: name, id or handle")] = None,
    sentiment: Annotated[str | None, typer.Option(help="negative, neutral or positive")] = None,
    network: Annotated[str | None, typer.Option(help="Such as bluesky")] = None,
    since: Annotated[str | None, typer.Option(help="2026-01-31, 2026-01-31T12:00Z, or an age: 90m, 24h, 7d")] = None,
    until: Annotated[str | None, typer.Option(help="Likewise; not included")] = None,
    best: Annotated[bool, typer.Option("--best", help="Best match first instead of newest; as --sort best")] = False,
    sort: Annotated[str, typer.Option(help=f"{', '.join(_ORDERS)} (followers of the author)")] = "newest",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many")] = 20,
    offset: Annotated[int, typer.Option(min=0, max=10_000, help="Pass over so many")] = 0,
    after: Annotated[str, typer.Option(help="Go on behind a page: what its last line of standard error says")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One mention (JSON) a line")] = False,
) -> None:
    """Search the mentions.

    Example:  `groundswell search parcel late --entity acme --sentiment negative --since 24h`

    Example:  `groundswell search '"lost luggage" OR suit* -author:bob date:last 7 days'`

    Example:  `groundswell search --since 7d --limit 1000 --json > mentions.jsonl`
    """
    import msgspec
    from rich.console import Console

    from pipeline.index.protocol import Query

    query = Query(
        text=" ".join(words or ()),
        sentiment=_label(sentiment),
        network=network,
        since=None if since is None else parse_time(since, "--since"),
        until=None if until is None else parse_time(until, "--until"),
        order="best" if best else _order(sort),
        limit=limit,
        offset=offset,
        after=after,
    )
    settings = context.load_to_read()

    async def found(index: Index) -> Page:
        company = None if entity is None else await entity_id(entity, settings, index)
        return await index.search(msgspec.structs.replace(query, entity=company))

    page = context.with_index(settings, found)
    if as_json:
        for mention in page.mentions:
            sys.stdout.buffer.write(msgspec.json.encode(mention) + b"\n")
    else:
        Console(highlight=False).print(_table(page, offset) if page.mentions else "no mentions")
    if page.next:
        typer.echo(f"more: --after {page.next}", err=True)


def _order(text: str) -> Order:
    if text not in _ORDERS:
        raise SettingsError(f"is not one of {', '.join(_ORDERS)}", subject=f"--sort {text}")
    return cast("Order", text)


def _label(text: str | None) -> Label | None:
    if text is not None and text not in _COLOUR:
        raise SettingsError("is not one of negative, neutral, positive", subject=f"--sentiment {text}")
    return cast("Label | None", text)


def _table(page: Page, offset: int) -> Table:
    """One row a mention; texts of strangers are cleaned and never read as markup."""
    from datetime import UTC

    from rich.table import Table
    from rich.text import Text

    from pipeline.text.safe import single_line

    last = offset + len(page.mentions)
    table = Table(
        "when (UTC)", "about", "feels", "author", "text", caption=f"{offset + 1:,} to {last:,} of {page.total:,}"
    )
    for mention in page.mentions:
        sentiment = mention.sentiment
        table.add_row(
            f"{mention.created_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            Text(single_line(mention.entity.name, 60)),
            Text(sentiment.label if sentiment.sure else f"{sentiment.label}?", _COLOUR[sentiment.label]),
            Text(single_line(mention.author.handle or mention.author.id, 30)),
            Text(single_line(mention.text, 280)),
        )
    return table
