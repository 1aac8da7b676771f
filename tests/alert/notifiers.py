"""Records of incidents, and a notifier and a clock that do as they are told."""

from __future__ import annotations

import asyncio

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.topics import INCIDENTS
from pipeline.errors import TransientError
from pipeline.stages.records import Record


def record(message: IncidentEvent | bytes | None, offset: int, *headers: tuple[str, bytes]) -> Record:
    """A record of the incidents topic."""
    value = msgspec.json.encode(message) if isinstance(message, IncidentEvent) else message
    key = message.incident_id.encode() if isinstance(message, IncidentEvent) else b"k"
    return Record(INCIDENTS.name, 0, offset, key, value, 1.0, 1.0, headers)


class Memory:
    """A notifier that remembers, and fails as it is told: one error (or None) a call, then none."""

    def __init__(self, name: str = "memory", *, pages: bool = False, errors: list[Exception | None] | None = None):
        self.name = name
        self.pages = pages
        self.errors = errors or []
        self.sent: list[str] = []
        self.away = False
        self.calls = 0

    async def send(self, message: IncidentEvent) -> None:
        self.calls += 1
        if self.away:
            raise TransientError("away", subject=self.name)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.sent.append(message.event)

    async def close(self) -> None:
        return None


class Clock:
    """Time that passes only in sleeps."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)
