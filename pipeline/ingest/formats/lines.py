"""Lines of a file, a compressed file or standard input, in bounded memory."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from pipeline.contracts.decode import MAX_BYTES
from pipeline.errors import TerminalError

STDIN = "-"
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


class SourceLine(NamedTuple):
    """A line with its line end.  `whole` is false when only its first `MAX_BYTES` were kept."""

    number: int
    data: bytes
    whole: bool = True


@contextmanager
def open_source(path: str) -> Iterator[io.BufferedReader]:
    """The bytes of a file (`-` for standard input); gzip is recognised by its first bytes, not by the name.

    Raises `TerminalError` when it cannot be opened or is not UTF-8 text.
    """
    try:
        raw = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise TerminalError(error.strerror or str(error), subject=path, todo="Name a file that can be read") from error
    try:
        stream = cast(io.BufferedReader, raw)
        if _peek(stream).startswith(_GZIP):
            stream = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=stream)))
        start = _peek(stream, path)
        if start.startswith(_UTF16):
            raise TerminalError("is UTF-16", subject=path, todo="Save it as UTF-8")
        if start.startswith(_BOM):
            stream.read(len(_BOM))
        yield stream
    except IsADirectoryError as error:
        raise TerminalError("is a folder", subject=path, todo="Name a file") from error
    finally:
        if path != STDIN:
            raw.close()


def _peek(stream: io.BufferedReader, path: str = "") -> bytes:
    try:
        return stream.peek(64)
    except (EOFError, gzip.BadGzipFile) as error:
        raise TerminalError(f"is damaged ({error})", subject=path, todo="Fetch it again") from error


def lines(stream: BinaryIO, name: str = "") -> Iterator[SourceLine]:
    """Every line, numbered from 1; of a line longer than `MAX_BYTES` the first part.

    Raises `TerminalError` when compressed data is damaged: the lines before it were given.
    """
    number = 0
    try:
        while data := stream.readline(MAX_BYTES + 1):
            number += 1
            if len(data) <= MAX_BYTES or data.endswith(b"\n"):
                yield SourceLine(number, data)
                continue
            _skip_line(stream)
            yield SourceLine(number, data[:MAX_BYTES], whole=False)
    except (EOFError, OSError) as error:  # BadGzipFile is an OSError
        todo = "Fetch the file again; the lines before were read"
        raise TerminalError(f"is damaged after line {number:,} ({error})", subject=name, todo=todo) from error


def _skip_line(stream: BinaryIO) -> None:
    """Read on to the end of the line without keeping it."""
    while (rest := stream.readline(MAX_BYTES)) and not rest.endswith(b"\n"):
        pass
