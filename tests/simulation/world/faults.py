"""Faults: what goes wrong in a history, and when.

A fault of a worker happens at a point, which is a place where the world can stop between two steps: `fetch`, `publish`
and `published` (before and after the broker takes a batch), `index` and `indexed`, `notify` and `notified`, `state` and
`stated`, `recover`, `commit`.  It is named by the stage, the point, and which passage of it (from 1, over all workers
of the stage).  Faults of what is outside happen at a time, in virtual seconds.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Outside = Literal["broker", "changelog", "index", "receiver", "disk"]
"""`changelog`: the topics with state, `broker`: all others."""


class Crash(Struct, frozen=True, tag=True):
    """A worker is killed, and started again after `down` seconds."""

    stage: str
    point: str
    nth: int
    down: float = 1.0


class Pause(Struct, frozen=True, tag=True):
    """A worker stands still; beyond the session time-out it has lost its partitions when it wakes up: a zombie."""

    stage: str
    point: str
    nth: int
    seconds: float = 15.0


class LostAck(Struct, frozen=True, tag=True):
    """Something outside takes what a worker sends, and its answer does not arrive; or, at `publish` and `state`, the
    broker does not get it at all: the worker sends all again."""

    stage: str
    nth: int
    point: str = "published"


class Outage(Struct, frozen=True, tag=True):
    """Something outside fails for a while, for one stage or all; of a disk: it is full."""

    what: Outside
    at: float
    seconds: float
    stage: str = ""


class Scale(Struct, frozen=True, tag=True):
    """From a time on a stage has so many workers."""

    stage: str
    at: float
    workers: int


class Compact(Struct, frozen=True, tag=True):
    """The broker compacts its compacted topics; `at_once` as if they had been made without a time for readers that are
    behind."""

    at: float
    at_once: bool = False


class Retain(Struct, frozen=True, tag=True):
    """The broker forgets what every reader has done with."""

    at: float


class Redeliver(Struct, frozen=True, tag=True):
    """A person publishes the dead letters of a stage again."""

    at: float
    stage: str


class Away(Struct, frozen=True, tag=True):
    """All workers of a stage end, and come back when retention has removed what came in the first half of the time."""

    stage: str
    at: float
    seconds: float


Fault = Crash | Pause | LostAck | Outage | Scale | Compact | Retain | Redeliver | Away
Timed = Scale | Compact | Retain | Redeliver | Away


class Faults:
    """The faults of a history, while they last."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._passed: dict[tuple[str, str], int] = {}
        self._points: dict[tuple[str, str, int], Crash | Pause | LostAck] = {}
        self._outages = [fault for fault in faults if isinstance(fault, Outage)]
        self._absences = [fault for fault in faults if isinstance(fault, Away)]
        self.over = False
        """Set when the faults have stopped: nothing goes wrong any more."""
        for fault in faults:
            if isinstance(fault, Crash | Pause | LostAck):
                self._points[fault.stage, fault.point, fault.nth] = fault

    def passing(self, stage: str, point: str) -> Crash | Pause | LostAck | None:
        """What happens to the worker of a stage that passes a point now."""
        number = self._passed[stage, point] = self._passed.get((stage, point), 0) + 1
        return None if self.over else self._points.get((stage, point, number))

    def out_for(self, what: Outside, stage: str, now: float) -> float:
        """For how many seconds more something outside fails for a stage, at a time (virtual seconds); 0 if it works."""
        outages = (o for o in self._outages if o.what == what and o.stage in ("", stage) and not self.over)
        return max((o.at + o.seconds - now for o in outages if o.at <= now < o.at + o.seconds), default=0.0)

    @property
    def last(self) -> float:
        """When the last outage has ended, and all workers are back, in virtual seconds."""
        spans: list[Outage | Away] = [*self._outages, *self._absences]
        return max((fault.at + fault.seconds for fault in spans), default=0.0)
