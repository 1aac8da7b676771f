"""Rows of a CSV file as dictionaries; a damaged row costs itself only."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from pipeline.errors import Malformed, TerminalError
from pipeline.ingest.formats.lines import SourceLine, lines


class TableRow(NamedTuple):
    """A row by column name, or why it is none."""

    line: int
    original: bytes
    cells: dict[str, str] | Malformed


class _Source:
    """Feeds lines to the csv module and remembers those that went into the row at hand."""

    def __init__(self, source: Iterator[SourceLine]) -> None:
        self._source = source
        self._again: deque[SourceLine] = deque()
        self.taken: list[SourceLine] = []

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        self.taken.append(line)
        return line.data.decode("utf-8", errors="surrogateescape")

    def give_back(self) -> None:
        """Let all lines but the first be read again: an open quote has swallowed rows that are good."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def table(stream: BinaryIO, path: str, required: Iterable[str], delimiter: str = ",") -> Iterator[TableRow]:
    """Every row after the header.

    Memory is bounded: the csv module gives up on a field of more than 131,072 characters.  Raises `TerminalError` when
    the header lacks a required column, or the file is damaged.
    """
    source = _Source(lines(stream, path))
    reader = csv.reader(source, delimiter=delimiter)
    header = _header(reader, path, required, delimiter)
    while True:
        source.taken.clear()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row: dict[str, str] | Malformed = Malformed("bad_csv", str(error), todo="Check the quotes")
        else:
            if not values:
                continue
            row = _row(header, values)
        if isinstance(row, Malformed):
            if len(source.taken) > 1:
                source.give_back()
        else:
            row = _readable(row, source.taken)
        yield TableRow(source.taken[0].number, b"".join(line.data for line in source.taken), row)


def _header(reader: Iterator[list[str]], path: str, required: Iterable[str], delimiter: str) -> list[str]:
    try:
        header = [name.strip() for name in next(reader)]
    except StopIteration:
        raise TerminalError("is empty", subject=path, todo="The first line names the columns") from None
    except csv.Error as error:
        raise TerminalError(f"has no readable header ({error})", subject=path) from error
    missing = [name for name in required if name not in header]
    if missing:
        found = ", ".join(header)[:500]
        raise TerminalError(
            f"lacks the column {', '.join(missing)}; it has {found}",
            subject=path,
            todo=f"Choose the format that fits, or name the columns in the first line, split by {delimiter!r}",
        )
    return header


def _row(header: list[str], values: list[str]) -> dict[str, str] | Malformed:
    if len(values) != len(header):
        return Malformed("wrong_columns", f"the row has {len(values)} columns, the header {len(header)}")
    return dict(zip(header, values, strict=True))


def _readable(cells: dict[str, str], taken: list[SourceLine]) -> dict[str, str] | Malformed:
    if not all(line.whole for line in taken):
        return Malformed("too_large", f"line {taken[-1].number:,} is longer than is read")
    if any(not cell.isascii() and _escaped(cell) for cell in cells.values()):
        return Malformed("not_utf8", "the text is not UTF-8", todo="Save the file as UTF-8")
    return cells


def _escaped(cell: str) -> bool:
    """Whether bytes that are not UTF-8 were let through as surrogates."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return True
    return False
