"""`groundswell index`: set the index up, expire mentions, forget posts and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.commands.times import parse_time

if TYPE_CHECKING:
    from pipeline.contracts.posts import AuthorDeleted, PostDeleted
    from pipeline.index.protocol import Index
    from pipeline.settings.settings import Settings

_ALL_VERSIONS = 2**62

app = context.new_app(
    "The search index: make it ready, drop what is old, forget a post or an account.\n\n"
    "Example:  `groundswell index expire --older-than 365d`"
)


@app.command()
def setup() -> None:
    """Make or renew templates and tables; safe to repeat.

    Example:  `groundswell index setup`
    """
    context.with_index(context.load(), lambda index: index.setup())
    typer.echo("the index is set up")


@app.command()
def expire(
    before: Annotated[str | None, typer.Option(help="A date, such as 2025-12-01")] = None,
    older_than: Annotated[str | None, typer.Option("--older-than", help="An age, such as 365d")] = None,
) -> None:
    """Drop old mentions: Elasticsearch drops whole time slices, the embedded index single mentions.

    Example:  `groundswell index expire --older-than 365d`
    """
    if (before is None) == (older_than is None):
        raise typer.BadParameter("give one of --before and --older-than")
    when = parse_time(older_than, "--older-than") if older_than is not None else parse_time(str(before), "--before")
    dropped = context.with_index(context.load(), lambda index: index.expire(when))
    typer.echo(f"dropped {dropped:,} that ended before {when:%Y-%m-%d %H:%M} UTC")


@app.command()
def forget(
    post: Annotated[str | None, typer.Option(help="Id of a post")] = None,
    author: Annotated[str | None, typer.Option(help="Id of an account")] = None,
    network: Annotated[str | None, typer.Option(help="Its network; the id's first part when unset")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Take a post, or all posts of an account, out of the index, for good: they do not come back with a replay.

    With them go what incidents quote of them, their dead letters and what is in files of rejects. Where Kafka is
    configured the deletion is also published on `posts.raw.v1`, so that every stage forgets.

    Example:  `groundswell index forget --author bluesky:did:plc:abc123`
    """
    if (post is None) == (author is None):
        raise typer.BadParameter("give one of --post and --author")

    from datetime import UTC, datetime

    from pipeline.contracts.posts import UNVERSIONED, AuthorDeleted, PostDeleted
    from pipeline.index.documents import clean
    from pipeline.index.erasure import Erasure
    from pipeline.ingest.rejects import forget_rejects
    from pipeline.text.safe import single_line

    id_ = clean(post or author or "")
    where = network or id_.partition(":")[0]
    now = datetime.now(UTC)
    gone: PostDeleted | AuthorDeleted
    if post is not None:
        gone = PostDeleted(post_id=id_, network=where, deleted_at=now, version=_ALL_VERSIONS)
    else:
        gone = AuthorDeleted(author_id=id_, network=where, deleted_at=now, version=UNVERSIONED)
    if not yes:
        typer.confirm(f"Forget {single_line(id_, 300)} of {single_line(where, 100)}?", abort=True, err=True)
    settings = context.load()
    cluster = bool(settings.kafka.bootstrap) and not settings.kafka.embedded
    if cluster:
        _publish(settings, gone)  # first: what comes of it cleans the topics, and needs the index as it was

    async def erase(index: Index) -> tuple[int, int, int]:
        erasure = Erasure(index)
        written = await index.write([gone])
        letters = await erasure.clean_letters([gone])
        events = await erasure.changed([gone], written) if not cluster else []
        await index.write(events)
        return len(written.taken_back), len(events), letters

    mentions, events, letters = context.with_index(settings, erase)
    lines = forget_rejects(settings.data, id_)
    typer.echo(f"{mentions:,} mentions forgotten")
    cleaned = ((events, "events of incidents cleaned"), (letters, "dead letters emptied"), (lines, "rejects dropped"))
    for number, what in cleaned:
        if number:
            typer.echo(f"{number:,} {what}")


def _publish(settings: Settings, gone: PostDeleted | AuthorDeleted) -> None:
    """Publish a deletion to every stage; ends with a sentence when the broker does not answer."""
    import time

    from pipeline.errors import GroundswellError
    from pipeline.ingest.publisher import RawPublisher

    try:
        publisher = RawPublisher(settings.kafka, delivery_seconds=20.0, client_id="groundswell-forget")
        try:
            publisher.publish(gone, arrived=time.time())
            publisher.flush(20.0)
        finally:
            publisher.close()
    except GroundswellError as error:
        raise context.fail(error) from error
