"""Opens the index that the settings name."""

from __future__ import annotations

from pipeline.index.protocol import Index
from pipeline.index.slow import SlowIndex
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.settings.settings import Settings

FILE = "index.sqlite"
"""Name of the embedded index in the data folder."""


def open_index(settings: Settings) -> Index:
    """The embedded index when `index.url` is empty, else Elasticsearch.

    Nothing is connected or created before the first use.
    """
    index: Index
    if settings.index.url:
        from pipeline.index.elastic.index import ElasticIndex  # its client is large: the embedded default does without

        index = ElasticIndex(settings.index)
    else:
        index = SqliteIndex(settings.data / FILE)
    return SlowIndex(index, settings.index.slow_seconds) if settings.index.slow_seconds else index
