"""Pending notices of an incident: what its state says is still to be sent, and to whom.

A notice is written together with the offset of its record, and its notifiers are taken off one by one as they receive
it.  What waits is bounded: beyond that, older steps of an incident give way to newer ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.contracts.incidents import IncidentEvent

_EVENT = msgspec.json.Decoder(IncidentEvent)

MOST = 64
"""Notices of an incident that wait at most for a notifier."""

MOST_BYTES = 400_000
"""Bytes of their events together: the state of an incident has to fit into a record."""


class PendingNotice(msgspec.Struct, array_like=True, frozen=True):
    """An event that these notifiers have yet to receive, and the record that it came in.

    `refused` says of notifiers that will not have it why.
    """

    offset: int
    arrived: float
    value: bytes
    headers: list[tuple[str, bytes]]
    to: list[str]
    refused: dict[str, str] = {}


class WaitingIncidents(msgspec.Struct, array_like=True):
    """The incidents of a partition that may have pending notices; so that a worker that begins finds them."""

    incidents: dict[str, int]

    def listed(self) -> tuple[str, ...]:
        """The incidents, the longest waiting first."""
        return tuple(self.incidents)


def waiting_key(partition: int) -> str:
    """The key of a partition's `WaitingIncidents`."""
    return f"outbox/{partition}"


def bounded(pending: Sequence[PendingNotice]) -> list[PendingNotice]:
    """At most so many that they fit; each notifier's newest is always among them."""
    fitting: list[PendingNotice] = []
    served: set[str] = set()
    size = 0
    for notice in reversed(pending):
        size += len(notice.value)
        fits = len(fitting) < MOST and size <= MOST_BYTES
        names = notice.to if fits else [name for name in notice.to if name not in served]
        served.update(notice.to)
        if names:
            fitting.append(msgspec.structs.replace(notice, to=names))
    return fitting[::-1]


def without(pending: Sequence[PendingNotice], name: str, offset: int, refusal: str = "") -> list[PendingNotice]:
    """What is left when a notifier has done with everything up to an offset: received it, or refused that one."""
    left = []
    for notice in pending:
        if notice.offset <= offset and name in notice.to:
            refused = {**notice.refused, name: refusal} if refusal and notice.offset == offset else notice.refused
            names = [other for other in notice.to if other != name]
            notice = msgspec.structs.replace(notice, to=names, refused=refused)
        if notice.to:
            left.append(notice)
    return left


def rewritten(pending: Sequence[PendingNotice], event: IncidentEvent, value: bytes) -> list[PendingNotice]:
    """What waits, with a step of the incident in the words of a newer text of it (`value`).

    Older steps, which had the older words, give way to it; newer ones stay as they are, after it.
    """
    position = _position_of(event, [_EVENT.decode(notice.value) for notice in pending])
    if position is None:
        return list(pending)
    older, newer = pending[: position + 1], pending[position + 1 :]
    names = list(dict.fromkeys(name for notice in older for name in notice.to))
    return [msgspec.structs.replace(older[-1], value=value, to=names), *newer]


def _position_of(event: IncidentEvent, steps: Sequence[IncidentEvent]) -> int | None:
    """Where a step stands among others of its incident, else the last that is older; None where all are newer."""
    same = [n for n, step in enumerate(steps) if (step.at, step.event) == (event.at, event.event)]
    older = [n for n, step in enumerate(steps) if step.at < event.at]
    return max(same or older, default=None)
