"""`groundswell search` and `groundswell index`: the index from the terminal."""

from __future__ import annotations

import asyncio
import re
import sys
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.commands import context
from pipeline.contracts.messages import AuthorDeleted, Label, PostDeleted
from pipeline.errors import SettingsError
from pipeline.index.documents import UNVERSIONED, clean
from pipeline.index.load import open_index
from pipeline.index.protocol import Document, Index, Page, Query

T = TypeVar("T")
_COLOUR = {"negative": "red", "neutral": "", "positive": "green"}
_AGO = re.compile(r"(\d{1,5})([smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ALL_VERSIONS = 2**62

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
index_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="The search index: make it ready, drop what is old, forget a post or an account.\n\n"
    "Example:  `groundswell index expire --older-than 365d`",
)
app.add_typer(index_app, name="index")


@app.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(metavar="QUERY", help="Words that must all occur")] = None,
    entity: Annotated[str | None, typer.Option(help="Id of the company")] = None,
    sentiment: Annotated[str | None, typer.Option(help="negative, neutral or positive")] = None,
    network: Annotated[str | None, typer.Option(help="Such as bluesky")] = None,
    since: Annotated[str | None, typer.Option(help="2026-01-31, 2026-01-31T12:00Z, or an age: 90m, 24h, 7d")] = None,
    until: Annotated[str | None, typer.Option(help="Likewise; not included")] = None,
    best: Annotated[bool, typer.Option("--best", help="Best match first instead of newest")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many")] = 20,
    offset: Annotated[int, typer.Option(min=0, max=10_000, help="Pass over so many")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One mention (JSON) a line")] = False,
) -> None:
    """Search the mentions.

    Example:  `groundswell search parcel late --entity acme --sentiment negative --since 24h`

    Example:  `groundswell search --since 7d --limit 1000 --json > mentions.jsonl`
    """
    query = Query(
        text=" ".join(words or ()),
        entity=entity,
        sentiment=_label(sentiment),
        network=network,
        since=_time(since, "--since"),
        until=_time(until, "--until"),
        order="best" if best else "newest",
        limit=limit,
        offset=offset,
    )
    page = _with_index(lambda index: index.search(query))
    if as_json:
        for mention in page.mentions:
            sys.stdout.buffer.write(msgspec.json.encode(mention) + b"\n")
        return
    Console(highlight=False).print(_table(page, offset) if page.mentions else "no mentions")


@index_app.command()
def setup() -> None:
    """Make or renew templates and tables; safe to repeat.

    Example:  `groundswell index setup`
    """
    _with_index(lambda index: index.setup())
    typer.echo("the index is set up")


@index_app.command()
def expire(
    before: Annotated[str | None, typer.Option(help="A date, such as 2025-12-01")] = None,
    older_than: Annotated[str | None, typer.Option("--older-than", help="An age, such as 365d")] = None,
) -> None:
    """Drop old mentions: Elasticsearch drops whole time slices, the embedded index single mentions.

    Example:  `groundswell index expire --older-than 365d`
    """
    if (before is None) == (older_than is None):
        raise typer.BadParameter("give one of --before and --older-than")
    when = _time(before or older_than, "--before" if before else "--older-than")
    assert when is not None
    dropped = _with_index(lambda index: index.expire(when))
    typer.echo(f"dropped {dropped:,} that ended before {when:%Y-%m-%d %H:%M} UTC")


@index_app.command()
def forget(
    post: Annotated[str | None, typer.Option(help="Id of a post")] = None,
    author: Annotated[str | None, typer.Option(help="Id of an account")] = None,
    network: Annotated[str | None, typer.Option(help="Its network; the id's first part when unset")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Take a post, or all posts of an account, out of the index, for good: they do not come back with a replay.

    Only the index forgets; publish the deletion on `posts.raw.v1` to have the detector forget too.

    Example:  `groundswell index forget --author bluesky:did:plc:abc123`
    """
    if (post is None) == (author is None):
        raise typer.BadParameter("give one of --post and --author")
    id_ = clean(post or author or "")
    where = network or id_.partition(":")[0]
    now = datetime.now(UTC)
    gone: Document
    if post is not None:
        gone = PostDeleted(post_id=id_, network=where, deleted_at=now, version=_ALL_VERSIONS)
    else:
        gone = AuthorDeleted(author_id=id_, network=where, deleted_at=now, version=UNVERSIONED)
    if not yes:
        typer.confirm(f"Forget {_plain(id_)} of {_plain(where)}?", abort=True, err=True)
    written = _with_index(lambda index: index.write([gone]))
    typer.echo(f"{len(written.taken_back):,} mentions forgotten")


def _with_index(work: Callable[[Index], Awaitable[T]]) -> T:
    """Open the index of the settings, do the work, close it."""

    async def run() -> T:
        index = open_index(context.load())
        try:
            return await work(index)
        finally:
            await index.close()

    return asyncio.run(run())


def _label(text: str | None) -> Label | None:
    if text is not None and text not in _COLOUR:
        raise SettingsError("is not one of negative, neutral, positive", subject=f"--sentiment {text}")
    return cast("Literal['negative', 'neutral', 'positive'] | None", text)


def _time(text: str | None, option: str) -> datetime | None:
    """A date, a time (UTC unless it says otherwise) or an age."""
    if text is None:
        return None
    age = _AGO.fullmatch(text)
    try:
        if age:
            return datetime.now(UTC) - timedelta(**{_UNIT[age[2]]: int(age[1])})
        when = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise SettingsError(
            "is no time", subject=f"{option} {text}", todo="Such as 2026-01-31, 2026-01-31T12:00Z, 90m, 24h or 7d"
        ) from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _table(page: Page, offset: int) -> Table:
    last = offset + len(page.mentions)
    table = Table(
        "when (UTC)", "about", "feels", "author", "text", caption=f"{offset + 1:,} to {last:,} of {page.total:,}"
    )
    for m in page.mentions:
        label = Text(m.sentiment.label if m.sentiment.sure else f"{m.sentiment.label}?", _COLOUR[m.sentiment.label])
        row: list[Any] = [f"{m.created_at.astimezone(UTC):%Y-%m-%d %H:%M}", _text(m.entity.name), label]
        table.add_row(*row, _text(m.author.handle or m.author.id, 30), _text(m.text, 280))
    return table


def _text(text: str, longest: int = 60) -> Text:
    plain = _plain(text)
    return Text(plain if len(plain) <= longest else plain[: longest - 1] + "…")


def _plain(text: str) -> str:
    """One line without control and direction signs: a stranger's post must not drive the terminal."""
    kept = "".join(" " if unicodedata.category(sign)[0] == "C" and sign != "\u200d" else sign for sign in text)
    return " ".join(kept.split())
