"""The format `twcs`: the layout of the public sets of customer support on Twitter.

Columns tweet_id, author_id, inbound, created_at, text, response_tweet_id, in_response_to_tweet_id.  Accounts of
companies keep their handle as author id and write the posts with inbound False; customers are numbers.  Rows are in no
order, and name the post that they answer but not the root of their thread.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC

from pipeline.contracts.posts import Author, Post
from pipeline.contracts.values import MAX_TEXT
from pipeline.errors import Malformed
from pipeline.ingest.formats.fields import moment
from pipeline.ingest.formats.row import Row
from pipeline.ingest.formats.table import table

REQUIRED = ("tweet_id", "author_id", "inbound", "created_at", "text", "in_response_to_tweet_id")
NETWORK = "twitter"

_NUMBER = re.compile(r"(\d{1,20})(?:\.0+)?")  # a number column with gaps becomes "3.0" in common tools
_AUTHOR = re.compile(r"\w{1,64}")
_TIME = "%a %b %d %H:%M:%S %z %Y"


class TwcsReader:
    """Customer-support posts as `Post`s of the network twitter."""

    name = "twcs"
    time_order = False

    def assumed(self) -> list[str]:
        return []

    def read(self, stream: io.BufferedReader, path: str) -> Iterator[Row]:
        for line, original, cells in table(stream, path, REQUIRED):
            if isinstance(cells, Malformed):
                yield Row(line, original, cells)
                continue
            try:
                yield Row(line, original, _post(cells))
            except Malformed as error:
                yield Row(line, original, error)


def _post(cells: dict[str, str]) -> Post:
    inbound, author, text = cells["inbound"].strip().lower(), cells["author_id"].strip(), cells["text"]
    if inbound not in ("true", "false"):
        raise Malformed("wrong_value", f"inbound is {cells['inbound'][:40]!r}, neither True nor False")
    if not _AUTHOR.fullmatch(author):
        raise Malformed("wrong_value", f"author_id is {author[:80]!r}, neither a handle nor a number")
    if len(text) > MAX_TEXT:
        raise Malformed("too_long", f"the text has {len(text):,} characters, more than the {MAX_TEXT:,} allowed")
    if "\x00" in text:
        raise Malformed("nul_character", "the text holds a NUL character", todo="Remove it at the source")
    answered = cells["in_response_to_tweet_id"].strip()
    parent = _id("in_response_to_tweet_id", answered) if answered else None
    return Post(
        post_id=_id("tweet_id", cells["tweet_id"]),
        network=NETWORK,
        kind="reply" if parent else "post",
        author=Author(id=f"{NETWORK}:{author}", handle=None if inbound == "true" else author),
        text=text,
        created_at=moment(cells["created_at"], _TIME, UTC),
        parent_id=parent,
    )


def _id(column: str, value: str) -> str:
    match = _NUMBER.fullmatch(value.strip())
    if match is None:
        raise Malformed("wrong_value", f"{column} is {value[:80]!r}, not a number")
    return f"{NETWORK}:{match[1]}"
