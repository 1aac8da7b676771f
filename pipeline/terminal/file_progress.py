"""Progress through a file of lines; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.ingest.formats.lines import STDIN
from pipeline.ingest.formats.row import Row
from pipeline.terminal import console
from pipeline.terminal.bar import ProgressBar

QUIET_EVERY = 10.0
"""Seconds between lines where there is no terminal."""


class FileProgress(ProgressBar):
    """Lines and bytes of a file that are done.  How much there is in all is known of plain files alone."""

    def __init__(self, path: str, skip: int = 0) -> None:
        self._skip = skip
        self._total = _size(path)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"), TimeRemainingColumn(),
            console=console.err, disable=not console.interactive(), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("0 lines", total=self._total)
        self._bytes = 0
        self._began = self._reported = time.monotonic()

    def counted(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, whose bytes are counted on the way."""
        for row in rows:
            self._bytes += len(row.original)
            yield row

    def written(self, line: int) -> None:
        """Everything up to this line is written."""
        now = time.monotonic()
        words = self.words(line, now)
        self._bar.update(self._task, completed=self._bytes, description=words)
        if not console.interactive() and now - self._reported >= QUIET_EVERY:
            self._reported = now
            console.err.print(words, soft_wrap=True)

    def words(self, line: int, now: float) -> str:
        """Such as ``41,216 lines, 312 a second, 38% done``."""
        speed = max(0, line - self._skip) / max(now - self._began, 1e-9)
        share = f", {min(self._bytes / self._total, 1.0):.0%} done" if self._total else ""
        return f"{line:,} lines, {speed:,.0f} a second{share}"


def _size(path: str) -> int | None:
    """Bytes of a plain file; None where that says nothing of how many lines there are."""
    if path == STDIN:
        return None
    file = Path(path)
    try:
        with file.open("rb") as stream:
            compressed = stream.read(2) == b"\x1f\x8b"
        return None if compressed or not file.is_file() else file.stat().st_size
    except OSError:
        return None
