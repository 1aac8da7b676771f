"""Limits and checks of queries, the same for every index."""

from __future__ import annotations

import unicodedata

import msgspec

from pipeline.errors import TerminalError
from pipeline.index.documents import clean
from pipeline.index.protocol import Query

MAX_WORDS = 64
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
    """The query with text that any store takes.  Raises `TerminalError` when it asks for too much."""
    text = clean(query.text)
    if len(text) > MAX_TEXT or len(text.split()) > MAX_WORDS:
        raise TerminalError(
            "the search is too long", todo=f"Search for at most {MAX_WORDS} words and {MAX_TEXT:,} characters"
        )
    if not 0 <= query.limit <= MAX_LIMIT:
        raise TerminalError(f"a page of {query.limit} hits", todo=f"Ask for 0 to {MAX_LIMIT:,}")
    if query.offset < 0 or query.offset + query.limit > MAX_WINDOW:
        raise TerminalError(
            f"hits from {query.offset:,} on", todo=f"Only the first {MAX_WINDOW:,} can be paged: narrow the search"
        )
    for name in ("since", "until"):
        when = getattr(query, name)
        if when is not None and when.tzinfo is None:
            raise TerminalError(f"`{name}` has no time zone", todo="Give times such as 2026-01-31T12:00:00Z")
    cleaned = {name: clean(value) for name in ("entity", "network") if (value := getattr(query, name)) is not None}
    return msgspec.structs.replace(query, text=text, **cleaned)


def words(text: str) -> list[str]:
    """The words of a text, as both indices cut them: at blanks and signs, not within ``don't``, ``v2.0`` or ``a_b``.

    Emoji are words; what holds neither letter, digit nor emoji is none.

    >>> words("Don't panic: flight AA-12 is late!")
    ["Don't", 'panic', 'flight', 'AA', '12', 'is', 'late']
    """
    spaced = "".join(sign if sign in "'’." or _category(sign) in _IN_WORDS else " " for sign in text)
    return [word for word in spaced.split() if any(_category(sign) in _SOUGHT for sign in word)]


_SOUGHT = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "So", "Co"))
_IN_WORDS = _SOUGHT | {"Mn", "Mc", "Me", "Pc"}
_category = unicodedata.category


def checked_span(seconds: int) -> int:
    """`seconds`, or `TerminalError` when it is no span of a volume."""
    if not 1 <= seconds <= MAX_SPAN:
        raise TerminalError(f"a span of {seconds} seconds", todo=f"Ask for 1 to {MAX_SPAN:,}")
    return seconds


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
