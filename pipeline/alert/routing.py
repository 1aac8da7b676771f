"""Routes events to notifiers, and remembers what each of them was sent.

This is the one place that decides on recipients.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from pipeline.alert.notifier import Notifier, firing
from pipeline.alert.pending import PendingNotice, WaitingIncidents
from pipeline.contracts.incidents import IncidentEvent

REMEMBERED = 256
"""Events of one incident that are recognised when they come again."""

SLACK = 3600.0
"""Seconds by which an event may be older than the newest one sent and still be news: `at` is the arrival of a mention,
and mentions of one incident arrive through several partitions."""


class LastNotice(msgspec.Struct, array_like=True):
    """What a notifier was sent last: when in event time (seconds), which event, and whether it then was to fire."""

    at: float
    event: str
    firing: bool


class NotificationState(msgspec.Struct, array_like=True):
    """State of one incident: what was last sent to whom.

    `known` are fingerprints of the events taken in, oldest first; `to` is what each notifier was last handed, and
    `delivered` what it has last received (None in the state of releases that sent before they wrote: the same as `to`);
    `pending` is what has still to be sent, oldest first.  `flight` is what those releases had there.
    """

    at: float
    resolved: bool
    known: list[int]
    flight: list[int]
    to: dict[str, LastNotice]
    pending: list[PendingNotice] = []
    delivered: dict[str, LastNotice] | None = None


class NotificationCodec:
    """`NotificationState` and `WaitingIncidents` as MessagePack; the first byte is the version of the layout."""

    VERSION = b"\x01"
    WAITING = b"\x02"

    def encode(self, value: NotificationState | WaitingIncidents) -> bytes:
        version = self.VERSION if isinstance(value, NotificationState) else self.WAITING
        return version + msgspec.msgpack.encode(value)

    def decode(self, data: bytes) -> NotificationState | WaitingIncidents:
        if data[:1] == self.WAITING:
            return msgspec.msgpack.decode(data[1:], type=WaitingIncidents)
        if data[:1] != self.VERSION:
            raise ValueError(f"alert state of version {data[:1]!r} cannot be read by this release; reset the stage")
        return msgspec.msgpack.decode(data[1:], type=NotificationState)


def fingerprint(event: IncidentEvent) -> int:
    """Identity of an event within its incident: the same step, published twice, has the same one."""
    text = f"{event.event}|{event.at.timestamp():.6f}|{event.severity}"
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest())


def is_news(event: IncidentEvent, earlier: NotificationState | None) -> bool:
    """False for what was sent before, and for history that the incident has moved past."""
    if earlier is None:
        return True
    at = event.at.timestamp()
    if fingerprint(event) in earlier.known or at <= earlier.at - SLACK:
        return False
    return not earlier.resolved or at > earlier.at


def superseded(event: IncidentEvent, earlier: NotificationState | None) -> bool:
    """Whether the incident has taken a later step than this one."""
    return earlier is not None and event.at.timestamp() < earlier.at


def recipients(
    event: IncidentEvent, earlier: NotificationState | None, notifiers: Sequence[Notifier]
) -> tuple[str, ...]:
    """Names of the notifiers that receive an event.

    Those that page receive an incident only while it fires, and once more when it stops: because it is over, or
    because it has turned out to be coordinated.  The others receive everything.
    """
    names = []
    for notifier in notifiers:
        last = earlier.to.get(notifier.name) if earlier is not None else None
        if not notifier.pages or firing(event) or (last is not None and last.firing):
            names.append(notifier.name)
    return tuple(names)


def remember(event: IncidentEvent, earlier: NotificationState | None, names: tuple[str, ...]) -> NotificationState:
    """The memory after this event has been handed to these notifiers."""
    at = event.at.timestamp()
    now = earlier if earlier is not None else NotificationState(at, False, [], [], {}, [], {})
    now.delivered = dict(now.to) if now.delivered is None else now.delivered
    now.at = max(now.at, at)
    now.resolved = event.event == "resolved"
    now.known = [*now.known[1 - REMEMBERED :], fingerprint(event)]
    now.flight = []
    for name in names:
        now.to[name] = LastNotice(at, event.event, firing(event))
    return now
