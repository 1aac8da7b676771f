"""Base of the progress bars: on the screen while a `with` block runs."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import Progress


class ProgressBar:
    """A bar that is begun and ended with a block, whatever ends it."""

    _bar: Progress

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
