"""Progress of a backtest, step by step; plain lines where there is no terminal."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.terminal.bar import ProgressBar
from pipeline.text.duration import duration

QUIET_EVERY = 10.0
"""Seconds between lines where there is no terminal."""


class Steps(ProgressBar):
    """The steps of a backtest, one after the other."""

    def __init__(self, console: Console, *, interactive: bool) -> None:
        self._console = console
        self._interactive = interactive
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=console, disable=not interactive, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("starting", total=None)
        self._name, self._done, self._total = "starting", 0, 0
        self._began = self._reported = time.monotonic()

    def step(self, name: str, total: int | None) -> None:
        """Begin a step of `total` records; None where that is not known."""
        self._name, self._done, self._total = name, 0, total or 0
        self._began = time.monotonic()
        self._bar.reset(self._task, description=name, total=total, completed=0)

    def tick(self, done: int) -> None:
        """`done` records more are done."""
        self._done += done
        if self._interactive:
            self._bar.advance(self._task, done)
            return
        now = time.monotonic()
        if now - self._reported >= QUIET_EVERY:
            self._reported = now
            self._console.print(self.line(now), soft_wrap=True)

    def line(self, now: float) -> str:
        """The state in words, such as ``reading posts: 12,000 of 48,000, 2 minutes to go``."""
        if not self._total or not self._done:
            return f"{self._name}: {self._done:,}"
        left = max(0, self._total - self._done) * (now - self._began) / self._done
        rest = duration(left) if left >= 60.0 else "under a minute"
        return f"{self._name}: {self._done:,} of {self._total:,}, {rest} to go"
