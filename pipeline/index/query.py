"""Limits and checks of queries, the same for every index."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from pipeline.contracts.values import milliseconds
from pipeline.errors import TerminalError
from pipeline.index.documents import clean
from pipeline.index.language.faults import WrongQuery
from pipeline.index.language.fields import FIELDS
from pipeline.index.language.parser import parse
from pipeline.index.language.tree import FieldEquals, FieldRange, Node, conjunction
from pipeline.index.protocol import Query

MAX_TEXT = 1_000
"""Characters of a query's text."""

MAX_LIMIT = 1_000
"""Hits on one page."""

MAX_WINDOW = 10_000
"""Hits that can be paged through; further ones need a narrower query (Elasticsearch's `max_result_window`)."""

MAX_SPANS = 10_000
MAX_ASKED = 1_000
"""Mention ids in one question."""

MAX_SPAN = 3_660 * 86_400
"""Seconds of the longest span of a volume: ten years."""


def checked(query: Query) -> Query:
    """The query with text that any store takes.  Raises `WrongQuery` when it asks for too much."""
    text = clean(query.text)
    if len(text) > MAX_TEXT:
        raise WrongQuery("the search is too long", todo=f"Search for at most {MAX_TEXT:,} characters")
    if not 0 <= query.limit <= MAX_LIMIT:
        raise WrongQuery(f"a page of {query.limit} hits", todo=f"Ask for 0 to {MAX_LIMIT:,}")
    if query.offset < 0 or query.offset + query.limit > MAX_WINDOW:
        raise WrongQuery(
            f"hits from {query.offset:,} on", todo=f"Only the first {MAX_WINDOW:,} can be paged: narrow the search"
        )
    if query.after and (query.offset or query.order == "best"):
        raise WrongQuery(
            "pages that go on have no offset and are not sorted by match", subject="after",
            todo="Sort by newest, oldest or reach, and leave out the offset",
        )  # fmt: skip
    for name in ("since", "until"):
        when = getattr(query, name)
        if when is not None and when.tzinfo is None:
            raise WrongQuery(f"`{name}` has no time zone", todo="Give times such as 2026-01-31T12:00:00Z")
    cleaned = {name: clean(value) for name in ("entity", "network") if (value := getattr(query, name)) is not None}
    return msgspec.structs.replace(query, text=text, **cleaned)


def understood(query: Query) -> Node:
    """The syntax tree of a query, its filters included.  Raises `QueryError` for text that cannot be understood."""
    nodes = [parse(query.text, query.now or datetime.now(UTC))]
    for name, value in (("entity", query.entity), ("sentiment", query.sentiment), ("network", query.network)):
        if value is not None:
            nodes.append(FieldEquals(FIELDS[name], value))
    since, until = (None if when is None else float(milliseconds(when)) for when in (query.since, query.until))
    if since is not None or until is not None:
        nodes.append(FieldRange(FIELDS["date"], since, True, until, False))
    return conjunction(nodes)


def checked_span(seconds: int) -> int:
    """`seconds`, or `TerminalError` when it is no span of a volume."""
    if not 1 <= seconds <= MAX_SPAN:
        raise TerminalError(f"a span of {seconds} seconds", todo=f"Ask for 1 to {MAX_SPAN:,}")
    return seconds


def checked_parts(limit: int) -> int:
    """`limit`, or `TerminalError` when it asks for no part, or for too many."""
    if not 1 <= limit <= MAX_LIMIT:
        raise TerminalError(f"{limit:,} parts", todo=f"Ask for 1 to {MAX_LIMIT:,}")
    return limit


def too_many_spans(seconds: int) -> TerminalError:
    """What to say when a volume would have more than `MAX_SPANS` spans."""
    return TerminalError(
        f"more than {MAX_SPANS:,} spans of {seconds} seconds hold mentions",
        todo="Ask for longer spans or a shorter time",
    )


def checked_ids(mention_ids: list[str]) -> list[str]:
    """The ids, each once.  Raises `TerminalError` for more than `MAX_ASKED`."""
    if len(mention_ids) > MAX_ASKED:
        raise TerminalError(f"{len(mention_ids):,} mentions asked at once", todo=f"Ask for at most {MAX_ASKED:,}")
    return list(dict.fromkeys(mention_ids))
