"""Incident events, records and notifiers for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pipeline.contracts.messages import (
    Counts,
    Driver,
    EntityRef,
    Explanation,
    Forecast,
    IncidentEvent,
    Phrase,
    PostRef,
    Share,
    TestResult,
)
from pipeline.contracts.topics import INCIDENTS
from pipeline.stages.records import Record

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def event(name: str = "opened", minutes: float = 0.0, incident: str = "acme:pile_on:test:1", **changes: Any) -> Any:
    """An event of an incident about Acme, so many minutes after it opened."""
    at = START + timedelta(minutes=minutes)
    fields: dict[str, Any] = {
        "incident_id": incident,
        "entity": EntityRef("acme", "Acme Air"),
        "kind": "pile_on",
        "event": name,
        "at": at,
        "severity": 3,
        "opened_at": START,
        "resolved_at": at if name == "resolved" else None,
        "counts": Counts(48, 41, 37, 6.5),
        "share": Share(0.22, 0.85),
        "forecast": Forecast(210, 120, 380, 14.0),
        "explanation": Explanation(
            summary="48 people answer one complaint about lost luggage at Acme Air",
            first_post=PostRef("test:1", "@stranded", "Day three without my suitcase", START, None, 31),
            phrases=(Phrase("lost luggage", 19), Phrase("day three", 8)),
            networks={"bluesky": 40, "mastodon": 8},
            drivers=(Driver("@stranded", 4),),
        ),
        "test": TestResult("thread", 7.2, 4.0, 0.08),
    }
    return IncidentEvent(**{**fields, **changes})


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
        self.calls = 0

    async def send(self, message: IncidentEvent) -> None:
        self.calls += 1
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
