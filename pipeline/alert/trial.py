"""Trial page: an incident that is none, sent through every notifier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from pipeline.alert.notifier import Notifier
from pipeline.contracts.incidents import Counts, Explanation, IncidentEvent, Share, TestResult
from pipeline.contracts.mentions import EntityRef
from pipeline.errors import GroundswellError

ENTITY = EntityRef("groundswell-trial", "Trial page of Groundswell")
SEVERITY = 3


def trial_event(now: datetime) -> IncidentEvent:
    """The incident that a trial pretends to have opened at `now`; each trial has an identifier of its own."""
    return IncidentEvent(
        incident_id=f"{ENTITY.id}:surge:{now:%Y%m%dT%H%M%SZ}",
        entity=ENTITY,
        kind="surge",
        event="opened",
        at=now,
        severity=SEVERITY,
        opened_at=now,
        counts=Counts(0, 0, 0, 0.0),
        share=Share(0.0, 0.0),
        explanation=Explanation("This is a trial of alerting. Nothing has happened, and nothing is to be done."),
        test=TestResult("trial", 0.0, 0.0, 0.0),
    )


async def send_trial(notifiers: Sequence[Notifier], now: datetime) -> dict[str, GroundswellError | None]:
    """By notifier, why the trial was not taken; None where it was.

    One that wakes somebody is sent the beginning only, or it might never wake them: an Alertmanager that is not sent an
    alert again ends it by itself.  The others are sent the end, too.
    """
    opened = trial_event(now)
    resolved = msgspec.structs.replace(opened, event="resolved", resolved_at=now)
    taken: dict[str, GroundswellError | None] = {}
    for notifier in notifiers:
        try:
            for event in (opened,) if notifier.pages else (opened, resolved):
                await notifier.send(event)
        except GroundswellError as error:
            taken[notifier.name] = error
        else:
            taken[notifier.name] = None
        finally:
            await notifier.close()
    return taken
