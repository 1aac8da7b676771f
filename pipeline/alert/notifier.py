"""The protocol of a notifier, and whether an event is meant to wake somebody."""

from __future__ import annotations

from typing import Protocol

from pipeline.contracts.incidents import IncidentEvent


class Notifier(Protocol):
    """Notifies somebody of an incident event.

    `pages` says that it wakes a person: it is sent pageable incidents only, and their end.  `send` may be called
    again with an event that it has sent before (after a crash); what it does must bear that.
    """

    name: str
    pages: bool

    async def send(self, event: IncidentEvent) -> None:
        """Returns when the other side has taken the event.

        Raises `TransientError` when trying again may help, `TerminalError` when it will not.
        """
        ...

    async def close(self) -> None: ...


def firing(event: IncidentEvent) -> bool:
    """Whether, after this event, somebody should be awake for the incident."""
    return event.event != "resolved" and may_page(event)


def may_page(event: IncidentEvent) -> bool:
    """Whether an incident is meant to wake anybody.

    A coordinated one only where `detect.page_coordinated` asks for it.  Events of releases that listed no reasons are
    taken as not asked for, whatever `pageable` says.
    """
    return event.pageable and (not event.coordinated or bool(event.reasons))
