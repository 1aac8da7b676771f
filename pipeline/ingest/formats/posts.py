"""The format `posts`: our own messages, as JSON lines or as a table."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

from pipeline.contracts.decode import MAX_BYTES, decode_raw
from pipeline.contracts.messages import RawMessage
from pipeline.errors import Malformed
from pipeline.ingest.formats.fields import message_from
from pipeline.ingest.formats.lines import lines
from pipeline.ingest.formats.row import Row
from pipeline.ingest.formats.table import table

REQUIRED = ("post_id", "network", "author_id", "text", "created_at")
COLUMNS = frozenset(
    {*REQUIRED, "author_handle", "author_name", "author_followers", "type", "kind", "lang", "url", "ingested_at"}
    | {"parent_id", "root_id", "version", "rating", "deleted_at"}
)

_TABLES = (".csv", ".csv.gz")
_JSON = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")


class PostsReader:
    """Posts and deletions of the contract, in the order in which they arrived."""

    name = "posts"
    time_order = True

    def read(self, stream: io.BufferedReader, path: str) -> Iterator[Row]:
        if is_table(stream, path):
            for line, original, cells in table(stream, path, REQUIRED):
                if isinstance(cells, Malformed):
                    yield Row(line, original, cells)
                else:
                    fields = {name: cell for name, cell in cells.items() if name in COLUMNS}
                    yield Row(line, original, message_from(fields))
            return
        for number, data, whole in lines(stream, path):
            if data.strip():
                yield Row(number, data, _message(data, whole))


def _message(data: bytes, whole: bool) -> RawMessage | Malformed:
    if not whole:
        return Malformed("too_large", f"the line has more than the {MAX_BYTES:,} bytes allowed")
    try:
        return decode_raw(data, time.time())
    except Malformed as error:
        return error


def is_table(stream: io.BufferedReader, path: str) -> bool:
    """Whether a file is CSV: by its name, else by its first character."""
    lower = path.lower()
    if lower.endswith(_TABLES):
        return True
    if lower.endswith(_JSON):
        return False
    return not stream.peek(64).lstrip().startswith(b"{")
