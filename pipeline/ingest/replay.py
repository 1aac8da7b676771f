"""Replays files of posts: at full speed, at a multiple of real time, or at a fixed rate."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from msgspec import Struct

from pipeline.errors import Malformed, SettingsError, TransientError
from pipeline.ingest.formats.row import FormatReader
from pipeline.ingest.history import Arrival, history
from pipeline.ingest.publisher import RawPublisher, key_of
from pipeline.ingest.rejects import Rejects

FLUSH_ON_INTERRUPT = 10.0
"""Seconds that an interrupted replay waits for what it has handed over."""

_PROGRESS_EVERY = 0.2
_SPEED = re.compile(r"(?P<value>\d{1,9}(?:\.\d{1,6})?)(?P<unit>x|/s)")

log = structlog.get_logger()


class ReplayCounts(Struct):
    """Rows so far: `read` = `published` + `rejected` at the end of a replay that was not interrupted.

    `published` counts what Kafka has acknowledged.
    """

    read: int = 0
    published: int = 0
    rejected: int = 0
    interrupted: bool = False


class Speed:
    """When the next message is due."""

    def __init__(self, factor: float = 0.0, rate: float = 0.0) -> None:
        """`factor` times as fast as it happened, or `rate` messages a second; neither for as fast as it goes."""
        self._factor = factor
        self._rate = rate
        self._began: float | None = None
        self._first = 0.0
        self._sent = 0

    def wait(self, arrived: float, stop: threading.Event) -> None:
        """Sleep until a message that arrived at `arrived` is due, or `stop` is set."""
        if not self._factor and not self._rate:
            return
        if self._began is None:
            self._began, self._first = time.monotonic(), arrived
        due = (arrived - self._first) / self._factor if self._factor else self._sent / self._rate
        self._sent += 1
        ahead = self._began + due - time.monotonic()
        if ahead > 0.0:
            stop.wait(ahead)


def parse_speed(text: str) -> Speed:
    """`max`, `10x` or `200/s`; raises `SettingsError` for anything else."""
    if text == "max":
        return Speed()
    match = _SPEED.fullmatch(text)
    if match is None or float(match["value"]) <= 0.0:
        raise SettingsError("is no speed", subject=repr(text), todo="Say max, a factor such as 10x, or a rate as 200/s")
    value = float(match["value"])
    return Speed(factor=value) if match["unit"] == "x" else Speed(rate=value)


def replay(
    files: Sequence[str],
    reader: FormatReader,
    publisher: RawPublisher,
    *,
    rejects: Rejects,
    speed: Speed | None = None,
    progress: Callable[[ReplayCounts], None] | None = None,
    stop: threading.Event | None = None,
    spool_folder: Path | None = None,
) -> ReplayCounts:
    """Publish every message of the files, in time order, and wait until Kafka has them.

    Ends early, with `interrupted` set and what was handed over flushed, when `stop` is set or on Ctrl-C.  `progress` is
    called about five times a second from this thread.  Raises `TransientError` or `TerminalError` when a message cannot
    be delivered (`publisher.safe` says how many were), `TerminalError` when a file cannot be read.
    """
    run = _Run(publisher, rejects, progress, stop or threading.Event())
    speed = speed or Speed()
    try:
        for arrival in history(files, reader, rejects, spool_folder=spool_folder, on_row=run.row):
            speed.wait(arrival.arrived, run.stop)
            if run.stop.is_set():
                break
            run.publish(arrival)
    except KeyboardInterrupt:
        run.stop.set()
    except _Stopped:
        pass
    return run.finish()


class _Stopped(Exception):
    """Raised out of the sorting phase when the replay was stopped."""


class _Run:
    """The counts of one replay, and who is notified of them."""

    def __init__(
        self,
        publisher: RawPublisher,
        rejects: Rejects,
        progress: Callable[[ReplayCounts], None] | None,
        stop: threading.Event,
    ) -> None:
        self.counts = ReplayCounts()
        self.stop = stop
        self._publisher = publisher
        self._before = publisher.delivered()
        self._rejects = rejects
        self._rejected_before = rejects.total
        self._progress = progress
        self._reported_at = 0.0

    def row(self) -> None:
        """A row was read, well or badly."""
        if self.stop.is_set():
            raise _Stopped
        self.counts.read += 1
        if self.counts.read % 256 == 0:
            self._report()

    def publish(self, arrival: Arrival) -> None:
        try:
            self._publisher.publish(arrival.message, arrived=arrival.arrived)
        except Malformed as error:
            self._rejects.add("replay", 0, error, key_of(arrival.message))
        self._report()

    def finish(self) -> ReplayCounts:
        """Wait for delivery and complete the counts."""
        self.counts.interrupted = self.stop.is_set()
        try:
            self._publisher.flush(FLUSH_ON_INTERRUPT if self.counts.interrupted else None)
        except TransientError:
            if not self.counts.interrupted:
                raise
            log.warning("interrupted before Kafka had everything", in_kafka=self._publisher.safe)
        self._rejects.flush()
        self._report(now=True)
        return self.counts

    def _report(self, now: bool = False) -> None:
        clock = time.monotonic()
        if not now and clock - self._reported_at < _PROGRESS_EVERY:
            return
        self._reported_at = clock
        delivered = self._publisher.safe if now else self._publisher.delivered()
        self.counts.published = delivered - self._before
        self.counts.rejected = self._rejects.total - self._rejected_before
        if self._progress is not None:
            self._progress(self.counts)
