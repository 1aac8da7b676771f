"""What is paged of a stream, and how an attack may change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.values import Reason
from pipeline.detect.detector import Detector
from pipeline.detect.mentions.inbound import Inbound, InboundMention
from pipeline.detect.stage import run
from pipeline.detect.state.entity import EntityState
from tests.attacks.crises import AT
from tests.detect.streams import MONDAY

ACUTE = {"pile_on", "surge"}
"""Kinds that one judgement decides on; which of them an incident is called says what there is most of."""


class Verdict(NamedTuple):
    """What is paged from `AT` on: the kind of the first incident that is, minutes until then, the highest severity that
    is paged; whether a page stands at the end, and if not, why."""

    kind: str
    minute: float
    severity: int
    stands: bool
    reasons: tuple[Reason, ...]


def paged(*streams: Sequence[Inbound], secret: int | None = None) -> Verdict | None:
    """The verdict on streams together, None where nobody is paged; `secret`: the key of the detector's hashes."""
    found = run(in_order(streams)) if secret is None else _keyed(in_order(streams), secret)
    live = [event for event in found if event.event != "resolved" and _minute(event) >= 0.0]
    paging = [event for event in live if event.pageable]
    if not paging:
        return None
    last = {event.incident_id: event for event in live}
    return Verdict(
        paging[0].kind,
        _minute(paging[0]),
        max(event.severity for event in paging),
        any(event.pageable for event in last.values()),
        live[-1].reasons,
    )


def in_order(streams: Iterable[Sequence[Inbound]]) -> list[Inbound]:
    """Mentions and deletions in order of arrival."""
    return sorted((inbound for stream in streams for inbound in stream), key=_arrival)


def assert_paged(verdict: Verdict | None, without: Verdict | None, later: float, joins: bool = False) -> None:
    """What was paged `without` the attack is paged with it: the same kind, at most so many minutes `later`, and it
    stands; under whatever name where it comes sooner, or `joins` an incident that the attack has opened."""
    assert without is not None, "the crisis is paged without the attack"
    assert verdict is not None, "the attack hides the crisis"
    sooner = verdict.minute <= without.minute
    assert joins or sooner or verdict.kind == without.kind or {verdict.kind, without.kind} == ACUTE, verdict
    assert verdict.stands, verdict
    assert verdict.minute <= without.minute + later, verdict


def assert_not_paged(verdict: Verdict | None, severity: int = -1) -> None:
    """The attack alone makes no page; or, with a `severity`, one that is taken back, and was no more severe."""
    assert verdict is None or (not verdict.stands and verdict.severity <= severity), verdict


def _keyed(inbound: Sequence[Inbound], secret: int) -> Iterator[IncidentEvent]:
    detector, state = Detector(), EntityState()
    state.memory.secret = secret
    for each in inbound:
        yield from detector.observe(state, each)


def _arrival(inbound: Inbound) -> datetime:
    if isinstance(inbound, InboundMention):
        return inbound.ingested_at or inbound.created_at
    return inbound.deleted_at


def _minute(event: IncidentEvent) -> float:
    return ((event.at - MONDAY).total_seconds() - AT) / 60.0
