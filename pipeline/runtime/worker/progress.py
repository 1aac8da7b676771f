"""Progress of a worker, for its watchdog, its health page and its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pipeline.observability.metrics import Metrics
from pipeline.stages.outbox import AwayReceiver


class Wait(NamedTuple):
    """What a worker waits for on purpose, and for how many seconds so far."""

    what: str
    seconds: float


class WorkerProgress:
    """When a worker last got something done, whether work is waiting, and what it waits for on purpose.

    Guarantee: safe to read from another thread.
    """

    def __init__(self, stage: str, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage = stage
        self._metrics = metrics
        self._clock = clock
        self._last = clock()
        self._waits: dict[object, tuple[str, float]] = {}
        self.lag: Callable[[], int] = lambda: 0
        self.away: Callable[[], list[AwayReceiver]] = list
        self.ready = False

    def advanced(self) -> None:
        """A batch was acknowledged, or a bounded step of one is over, or there is nothing to do."""
        self._last = self._clock()

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A wait that is meant: for a slower consumer, or for a server that is away.  Several may go on at once."""
        wait = object()
        self._waits[wait] = (what, self._clock())
        gauge = self._metrics.waiting.labels(self.stage, what)
        gauge.set(1)
        try:
            yield
        finally:
            del self._waits[wait]
            gauge.set(float(any(other == what for other, _ in list(self._waits.values()))))
            self.advanced()

    def waits(self) -> list[Wait]:
        """What is waited for now, the longest wait first; also receivers that do not answer, beside which work goes
        on."""
        now = self._clock()
        waits = [Wait(what, now - since) for what, since in list(self._waits.values())]
        waits += [Wait(f"receiver {name}", seconds) for name, seconds in self.away()]
        return sorted(waits, key=lambda wait: -wait.seconds)

    def held_up(self) -> bool:
        """Whether work stands still on purpose."""
        return bool(self._waits)

    @property
    def waiting_for(self) -> str | None:
        """What has been waited for longest, or None."""
        waits = self.waits()
        return waits[0].what if waits else None

    def stuck_for(self) -> float:
        """Seconds without progress although records wait and nothing is waited for; else 0."""
        if self._waits or self.lag() == 0:
            return 0.0
        return self._clock() - self._last
