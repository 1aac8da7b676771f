"""Progress of a replay; plain lines where there is no terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.terminal import console
from pipeline.terminal.bar import ProgressBar

if TYPE_CHECKING:
    from pipeline.ingest.replay import ReplayCounts

QUIET_EVERY = 10.0
"""Seconds between lines where there is no terminal."""


class ReplayProgress(ProgressBar):
    """Shows what was published, then what is still to be processed, stage by stage."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[detail]}"), TimeElapsedColumn(),
            console=console.err, disable=not console.interactive(), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("publishing", total=None, detail="")
        self._most = 0
        self._reported = time.monotonic()

    def published(self, counts: ReplayCounts) -> None:
        """Called about five times a second while publishing."""
        detail = f"{counts.published:,} published"
        if counts.rejected:
            detail += f", {counts.rejected:,} rejected"
        self._bar.update(self._task, detail=detail)
        self._line(detail)

    def left(self, left: dict[str, int]) -> None:
        """Called a few times a second while the stages work it off."""
        total = sum(left.values())
        self._most = max(self._most, total)
        detail = ", ".join(f"{stage} {count:,}" for stage, count in left.items() if count) or "done"
        self._bar.update(
            self._task, description="processing", total=self._most or 1, completed=self._most - total,
            detail=f"still to do: {detail}",
        )  # fmt: skip
        self._line(f"still to do: {detail}")

    def _line(self, text: str) -> None:
        if console.interactive() or time.monotonic() - self._reported < QUIET_EVERY:
            return
        self._reported = time.monotonic()
        console.err.print(text)
