"""The protocol of a reader, and the row that it gives: a message, or why there is none."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from pipeline.contracts.posts import RawMessage
from pipeline.errors import Malformed


class Row(NamedTuple):
    """One row: its first line's number, its bytes as they lay in the file, what was read from it, and what the
    sentiment is wanted toward, where the file says so."""

    line: int
    original: bytes
    read: RawMessage | Malformed
    target: str | None = None


class FormatReader(Protocol):
    """A layout of files.

    `read` gives one `Row` for each row of the file and never raises for bad rows.  `time_order` says that rows lie in
    the order in which they happened; otherwise they are sorted by time, and thread roots worked out, before use.
    """

    name: str
    time_order: bool

    def read(self, stream: io.BufferedReader, path: str) -> Iterator[Row]:
        """Raises `TerminalError` when the file as a whole has not this layout, or is damaged."""
        ...

    def assumed(self) -> list[str]:
        """What was filled in because the files left it out, a sentence each."""
        ...
