"""Finds the reader of a format by its name, or by how a file begins."""

from __future__ import annotations

import csv
import io
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pipeline.errors import SettingsError
from pipeline.ingest.formats.lines import STDIN
from pipeline.ingest.formats.mapped import MappedReader
from pipeline.ingest.formats.posts import PostsReader
from pipeline.ingest.formats.row import FormatReader
from pipeline.ingest.formats.twcs import REQUIRED as TWCS_COLUMNS
from pipeline.ingest.formats.twcs import TwcsReader
from pipeline.settings.ingest import BUILT_IN_FORMATS, IngestSettings

MENTIONS = "mentions"
"""The format of files that have been analyzed already."""

_BEGINNING = 65_536


def reader_for(name: str, settings: IngestSettings, network: str | None = None) -> FormatReader:
    """The reader of a built-in format, or of one that the settings describe; `network` is that of posts which name
    none.

    Raises `SettingsError` naming the formats that there are.
    """
    if name == "posts":
        return PostsReader(network)
    if name == "twcs":
        return TwcsReader()
    if name in settings.formats:
        return MappedReader(name, settings.formats[name])
    known = ", ".join((*BUILT_IN_FORMATS, *sorted(settings.formats)))
    raise SettingsError(
        "is not a known format", subject=name, todo=f"Known are {known}; describe others in [ingest.formats.{name}]"
    )


def detected_format(files: Sequence[str]) -> str:
    """`posts`, `twcs` or `mentions`, by how the files begin; nothing is consumed of standard input.

    A file that cannot be opened counts as `posts`: whoever reads it says why.  Raises `SettingsError` where the files
    are of several formats.
    """
    found = {_format_of(_beginning(path)): path for path in files}
    if len(found) > 1:
        these = ", ".join(f"{path} is {name}" for name, path in sorted(found.items()))
        raise SettingsError("the files have several formats", subject=these, todo="Read them one format at a time")
    return next(iter(found), "posts")


def _format_of(start: bytes) -> str:
    line = next((line for line in start.splitlines() if line.strip()), b"")
    if line.lstrip().startswith(b"{"):
        return MENTIONS if b'"mention_id"' in line and b'"entity"' in line else "posts"
    columns = {name.strip() for name in next(csv.reader([line.decode("utf-8-sig", "replace")]), [])}
    return "twcs" if columns.issuperset(TWCS_COLUMNS) else "posts"


def _beginning(path: str) -> bytes:
    try:
        if path == STDIN:
            start = cast(io.BufferedReader, sys.stdin.buffer).peek(_BEGINNING)
        else:
            with Path(path).open("rb") as stream:
                start = stream.read(_BEGINNING)
        if start.startswith(b"\x1f\x8b"):
            start = zlib.decompressobj(31).decompress(start, _BEGINNING)
    except (OSError, zlib.error):
        return b""
    return start
