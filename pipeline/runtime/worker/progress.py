"""Progress of a worker, for its watchdog, its health page and its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.observability.metrics import Metrics


class WorkerProgress:
    """When a worker last got something done, whether work is waiting, and what it waits for on purpose.

    Guarantee: safe to read from another thread.
    """

    def __init__(self, stage: str, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage = stage
        self._metrics = metrics
        self._clock = clock
        self._last = clock()
        self.lag: Callable[[], int] = lambda: 0
        self.waiting_for: str | None = None
        self.ready = False

    def advanced(self) -> None:
        """A batch was acknowledged, or there is nothing to do."""
        self._last = self._clock()

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A wait that is meant: for a slower consumer, or for a server that is away."""
        self.waiting_for = what
        gauge = self._metrics.waiting.labels(self.stage, what)
        gauge.set(1)
        try:
            yield
        finally:
            gauge.set(0)
            self.waiting_for = None
            self.advanced()

    def stuck_for(self) -> float:
        """Seconds without progress although records wait and nothing is waited for; else 0."""
        if self.waiting_for is not None or self.lag() == 0:
            return 0.0
        return self._clock() - self._last
