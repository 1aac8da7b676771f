"""Finds the reader of a format by its name."""

from __future__ import annotations

from pipeline.errors import SettingsError
from pipeline.ingest.formats.mapped import MappedReader
from pipeline.ingest.formats.posts import PostsReader
from pipeline.ingest.formats.row import FormatReader
from pipeline.ingest.formats.twcs import TwcsReader
from pipeline.settings.ingest import BUILT_IN_FORMATS, IngestSettings


def reader_for(name: str, settings: IngestSettings) -> FormatReader:
    """The reader of a built-in format, or of one that the settings describe.

    Raises `SettingsError` naming the formats that there are.
    """
    if name == "posts":
        return PostsReader()
    if name == "twcs":
        return TwcsReader()
    if name in settings.formats:
        return MappedReader(name, settings.formats[name])
    known = ", ".join((*BUILT_IN_FORMATS, *sorted(settings.formats)))
    raise SettingsError(
        "is not a known format", subject=name, todo=f"Known are {known}; describe others in [ingest.formats.{name}]"
    )
