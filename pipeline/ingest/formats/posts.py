"""The format `posts`: our own messages, as JSON lines or as a table."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from pipeline.contracts.decode import MAX_BYTES, decode, decode_raw
from pipeline.contracts.posts import RawMessage
from pipeline.errors import Malformed
from pipeline.ingest.formats.defaults import PostDefaults
from pipeline.ingest.formats.fields import message_from
from pipeline.ingest.formats.lines import SourceLine, lines
from pipeline.ingest.formats.row import Row
from pipeline.ingest.formats.table import table

REQUIRED = ("text",)
COLUMNS = frozenset(
    {"post_id", "network", "author_id", "text", "created_at", "author_handle", "author_name", "author_followers"}
    | {"type", "kind", "lang", "url", "ingested_at", "parent_id", "root_id", "version", "rating", "deleted_at"}
)

_TABLES = (".csv", ".csv.gz")
_JSON = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode


class _Target(msgspec.Struct):
    """What the sentiment of a post is wanted toward, where a file says so."""

    target: str | None = None


_TARGET = msgspec.json.Decoder(_Target)


class PostsReader:
    """Posts and deletions of the contract, in the order in which they arrived.

    Only the text is needed, and in JSON `post_id`; `PostDefaults` fills in the rest.
    """

    name = "posts"
    time_order = True

    def __init__(self, network: str | None = None) -> None:
        self._defaults = PostDefaults(network)

    def read(self, stream: io.BufferedReader, path: str) -> Iterator[Row]:
        if is_table(stream, path):
            return self._from_table(stream, path)
        return self.from_lines(lines(stream, path))

    def assumed(self) -> list[str]:
        return self._defaults.sentences()

    def from_lines(self, source: Iterable[SourceLine]) -> Iterator[Row]:
        """Rows of JSON lines."""
        for line in source:
            if line.data.strip():
                try:
                    yield Row(line.number, line.data, self._message(line), _target(line.data))
                except Malformed as error:
                    yield Row(line.number, line.data, error)

    def _from_table(self, stream: io.BufferedReader, path: str) -> Iterator[Row]:
        for line, original, cells in table(stream, path, REQUIRED):
            if isinstance(cells, Malformed):
                yield Row(line, original, cells)
                continue
            fields: dict[str, Any] = {name: cell for name, cell in cells.items() if name in COLUMNS}
            if "post_id" not in fields and "id" in cells:
                fields["post_id"] = cells["id"]
            if not fields.get("type"):
                fields["type"] = "post"
            self._defaults.fill(fields, line, original, make_id="post_id" not in fields)
            yield Row(line, original, message_from(fields), cells.get("target") or None)

    def _message(self, line: SourceLine) -> RawMessage:
        if not line.whole:
            raise Malformed("too_large", f"the line has more than the {MAX_BYTES:,} bytes allowed")
        try:
            return decode_raw(line.data, time.time())
        except Malformed as error:
            if error.code != "missing_field":
                raise
        fields = decode(line.data, _OBJECT)
        self._defaults.fill(fields, line.number, line.data)
        if "author_id" in fields:
            fields["author"] = {"id": fields.pop("author_id")}
        return decode_raw(_encode(fields), time.time())


def _target(data: bytes) -> str | None:
    return decode(data, _TARGET).target if b'"target"' in data else None


def is_table(stream: io.BufferedReader, path: str) -> bool:
    """Whether a file is CSV: by its name, else by its first character."""
    lower = path.lower()
    if lower.endswith(_TABLES):
        return True
    if lower.endswith(_JSON):
        return False
    return not stream.peek(64).lstrip().startswith((b"{", b"["))
