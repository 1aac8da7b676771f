"""An event loop on virtual time: it never waits, and time jumps to the next timer.

Threads are the only other source of chance in a process, so what asks for one is run at once, in place: an executor, or
`asyncio.to_thread`, finishes before anything else happens.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

EPOCH = 1_772_452_800.0
"""Wall-clock seconds at which every history begins: noon of 2 March 2026, UTC."""


class NothingLeft(Exception):
    """Every task waits for another and no timer runs: the history can never go on."""


class _Jumping(selectors.SelectSelector):
    """A selector that moves the clock instead of waiting; nothing real is ever waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module.  `time()` is in seconds from 0, `wall()` the same on the clock of 2026."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def wall(self) -> float:
        """Seconds since 1970."""
        return EPOCH + self._jumping.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future
