"""Progress of reading an export for the catalogue; plain lines where there is no terminal."""

from __future__ import annotations

import time

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.terminal import console
from pipeline.terminal.bar import ProgressBar

QUIET_EVERY = 30.0
"""Seconds between lines where there is no terminal."""
EVERY = 0.2
"""Seconds between two updates of the bar."""


class CatalogueProgress(ProgressBar):
    """Called with bytes done and in all; shows the share, the time it took and the time it will take."""

    def __init__(self, what: str) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
            TimeRemainingColumn(), console=console.err, disable=not console.interactive(), transient=True,
        )  # fmt: skip
        self._what = what
        self._task = self._bar.add_task(what, total=None, visible=False)
        self._reported = self._shown = time.monotonic()

    def __call__(self, done: int, whole: int) -> None:
        now = time.monotonic()
        if now - self._shown < EVERY:
            return
        self._shown = now
        self._bar.update(self._task, completed=done, total=whole, visible=True)
        if not console.interactive() and now - self._reported >= QUIET_EVERY:
            self._reported = now
            console.err.print(f"{self._what}: {done / max(1, whole):.0%} of {whole / 2**20:,.0f} MB")
