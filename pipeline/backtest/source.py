"""Reads files of posts or mentions into the spool; counts and stores the rejects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.backtest.spool import MentionSpool
from pipeline.contracts.decode import MAX_BYTES
from pipeline.contracts.topics import POSTS_RAW
from pipeline.errors import Malformed
from pipeline.ingest.formats.lines import STDIN, lines, open_source
from pipeline.ingest.formats.row import FormatReader
from pipeline.ingest.history import history
from pipeline.ingest.rejects import Rejects
from pipeline.runtime.offline.driver import through
from pipeline.settings.settings import Settings
from pipeline.stages.records import Record
from pipeline.stages.stage import Stage

CHUNK = 256
"""Posts in hand at a time."""

Tick = Callable[[int], None]
"""Called with the number of records done since the last call."""

_encode = msgspec.json.Encoder().encode


class SourceCounts(Struct):
    """Rows read (good or bad) and messages that the enrich stage was given."""

    read: int = 0
    posts: int = 0


def line_count(files: Sequence[str]) -> int | None:
    """Lines of all files, for the remaining time; None where standard input is among them.

    Raises `TerminalError` for a file that cannot be read, before any work is done.
    """
    if STDIN in files:
        return None
    total = 0
    for path in files:
        with open_source(path) as stream:
            total += sum(1 for _ in lines(stream, path))
    return total


def posts_into(
    spool: MentionSpool, settings: Settings, files: Sequence[str], reader: FormatReader, rejects: Rejects, stage: Stage,
    on_row: Tick, on_post: Tick,
) -> SourceCounts:  # fmt: skip
    """Every post of the files through the enrich stage, once, in time order; the mentions go into the spool.

    Raises `TerminalError` when a file as a whole cannot be read.
    """
    counts = SourceCounts()

    def row() -> None:
        counts.read += 1
        on_row(1)

    entries = history(files, reader, rejects, spool_folder=Path(settings.data), on_row=row)
    # An arrival is also the time of the record: a history is read as if live, so that a rerun gives the same.
    source = (
        Record(POSTS_RAW.name, 0, number, None, _encode(entry.message), entry.arrived, entry.arrived)
        for number, entry in enumerate(entries)
    )
    asyncio.run(_enrich(stage, source, spool, rejects, counts, on_post))
    return counts


async def _enrich(
    stage: Stage, source: Iterator[Record], spool: MentionSpool, rejects: Rejects, counts: SourceCounts, on_post: Tick
) -> None:
    async for batch in through(stage, source, CHUNK):
        counts.posts += batch.read
        for message in batch.published:
            try:
                spool.add(message.value)
            except Malformed as unread:  # the detector's worker would put it among the dead letters
                rejects.add("detect", 0, unread, message.value)
        for record, reason in batch.rejected:
            rejects.add("enrich", record.offset + 1, reason, record.value or b"")
        on_post(batch.read)


def mentions_into(spool: MentionSpool, files: Sequence[str], rejects: Rejects, on_row: Tick) -> SourceCounts:
    """Every mention of the files, in the order of the files.

    Raises `TerminalError` when a file as a whole cannot be read.
    """
    counts = SourceCounts()
    for path in files:
        with open_source(path) as stream:
            for number, data, whole in lines(stream, path):
                if not data.strip():
                    continue
                counts.read += 1
                try:
                    if not whole:
                        raise Malformed("too_large", f"the line has more than the {MAX_BYTES:,} bytes allowed")
                    spool.add(data.strip())
                except Malformed as reason:
                    rejects.add(path, number, reason, data)
                on_row(1)
    rejects.flush()
    return counts
