"""Reads files of posts as a stream of messages, each with the time of its arrival.

The same files give the same messages with the same times on every run, whoever reads them: a replay into Kafka, a
backtest, a file driver.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from pipeline.contracts.decode import MAX_AHEAD
from pipeline.contracts.posts import Post, RawMessage
from pipeline.errors import Malformed
from pipeline.ingest.formats.lines import open_source
from pipeline.ingest.formats.row import FormatReader, Row
from pipeline.ingest.formats.spool import EPOCH, Spool, microseconds
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.roots import Roots

LATE_SECONDS = 3600
"""A file said to lie in time order that goes back by more than this is worth a warning."""

log = structlog.get_logger()


class Arrival(NamedTuple):
    """A message and when the pipeline received it, in seconds since 1970."""

    message: RawMessage
    arrived: float


class ArrivalClock:
    """Arrival times for history: a post arrives when it was written, or just after the one before it.

    Strictly increasing by at least a microsecond, so that merging partitions by arrival restores the order of reading.
    """

    def __init__(self) -> None:
        self._last = -(2**62)
        self.latest_step_back = 0
        """The largest step back in time seen, in seconds."""

    def next(self, message: RawMessage) -> datetime:
        """When this message arrives; a post that says itself when it was received is believed."""
        received = message.ingested_at if isinstance(message, Post) else None
        at = microseconds(message) if received is None else (received - EPOCH) // timedelta(microseconds=1)
        if at <= self._last:
            self.latest_step_back = max(self.latest_step_back, (self._last - at) // 1_000_000)
            at = self._last + 1
        self._last = at
        return EPOCH + timedelta(microseconds=at)


def history(
    files: Sequence[str],
    reader: FormatReader,
    rejects: Rejects,
    *,
    spool_folder: Path | None = None,
    on_row: Callable[[], None] | None = None,
) -> Iterator[Arrival]:
    """Every message of the files, in time order, with `ingested_at` set to its arrival and the root of its thread.

    Rows that cannot be read go to `rejects`; `on_row` is called for each row, good or bad.  Memory is constant, also
    where a format has to be sorted first.  Raises `TerminalError` when a file is missing, damaged or not of the format.
    """
    clock, roots = ArrivalClock(), Roots()
    for message in _ordered(files, reader, rejects, spool_folder, on_row or (lambda: None)):
        arrived = clock.next(message)
        if isinstance(message, Post):
            message.ingested_at = arrived
        yield Arrival(roots.resolved(message), (arrived - EPOCH) / timedelta(seconds=1))
    if clock.latest_step_back > LATE_SECONDS:
        log.warning(
            "the file is not in time order: its posts count as late",
            files=list(files),
            step_back_seconds=clock.latest_step_back,
            todo="sort it by created_at, or use a format with time_order = false",
        )


def _ordered(
    files: Sequence[str], reader: FormatReader, rejects: Rejects, folder: Path | None, on_row: Callable[[], None]
) -> Iterator[RawMessage]:
    if reader.time_order:
        for path in files:
            yield from (message for _, message in _readable(path, reader, rejects, on_row))
        return
    with Spool(folder) as spool:
        for source, path in enumerate(files):
            for line, message in _readable(path, reader, rejects, on_row):
                spool.add(message, source, line)
        for spooled in spool.sorted():
            yield spooled.message


def _readable(
    path: str, reader: FormatReader, rejects: Rejects, on_row: Callable[[], None]
) -> Iterator[tuple[int, RawMessage]]:
    """The good rows of a file, with their line numbers; the others are kept as rejects."""
    with open_source(path) as stream:
        for row in reader.read(stream, path):
            bad = row.read if isinstance(row.read, Malformed) else _from_the_future(row)
            if bad is not None:
                rejects.add(path, row.line, bad, row.original)
            on_row()
            if bad is None:
                yield row.line, row.read  # type: ignore[misc]
    rejects.flush()


def _from_the_future(row: Row) -> Malformed | None:
    """One post dated ahead would push the arrival of all that follow it."""
    assert not isinstance(row.read, Malformed)
    now = time.time()
    received = row.read.ingested_at if isinstance(row.read, Post) else None
    for at in (microseconds(row.read) / 1e6, received.timestamp() if received is not None else 0.0):
        if at > now + MAX_AHEAD:
            when = EPOCH + timedelta(seconds=at)
            return Malformed("future_date", f"dated {when:%Y-%m-%d %H:%M} UTC, which is still to come")
    return None
