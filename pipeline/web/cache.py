"""Cache of answers: many viewers of the page cost the index no more than one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


COSTLY = 5.0
"""An answer is cached at least this many times as long as it took to make: whatever is asked, and however often, at
most a sixth of the index's time goes into it."""


class Cache(Generic[T]):
    """At most `most` answers, each for `seconds` or longer (see `COSTLY`).

    Those who ask at the same time wait for one answer; errors are not cached.
    """

    def __init__(self, seconds: float, most: int = 200, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._answers: dict[Hashable, tuple[float, T]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The answer for a key, made anew when it is too old."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                cached = self._answers.get(key)
                started = self._clock()
                if cached is not None and started < cached[0]:
                    return cached[1]
                answer = await make()
                done = self._clock()
                self._answers.pop(key, None)
                self._answers[key] = (done + max(self._seconds, COSTLY * (done - started)), answer)
                while len(self._answers) > self._most:
                    del self._answers[next(iter(self._answers))]
                return answer
        finally:
            if not lock.locked():
                self._locks.pop(key, None)
