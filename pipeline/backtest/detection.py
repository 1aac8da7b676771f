"""Runs the detector over the spooled mentions, at any false-alarm rate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from pipeline.alert.notifier import firing
from pipeline.backtest.nearness import Nearness
from pipeline.backtest.source import Tick
from pipeline.backtest.spool import CompanyHistory, MentionSpool
from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.evidence.budget import MONTH, Promise
from pipeline.detect.mentions.inbound import Inbound, InboundDeletion, InboundMention
from pipeline.detect.partition import PartitionState
from pipeline.detect.priors import OFTEN
from pipeline.detect.stage import FORGET_AFTER, Detectors
from pipeline.detect.state.entity import EntityState

_TICK_EVERY = 2_000


class Episode(Struct):
    """The life of one incident: how it opened, the event that paged, the worst and the newest of its events."""

    opened: IncidentEvent
    paged: IncidentEvent | None
    worst: IncidentEvent
    last: IncidentEvent
    events: int = 1

    @property
    def paged_at(self) -> datetime | None:
        """When the pager would have gone off first."""
        return None if self.paged is None else self.paged.at


class Outcome(Struct):
    """The events of one run of the detector.  `openings` are the events `opened`, in order."""

    promise: Promise
    openings: list[IncidentEvent]
    episodes: dict[str, Episode]

    @property
    def false_alarms(self) -> float:
        """The promise per entity and month."""
        return self.promise.each

    @property
    def paging(self) -> int:
        """Incidents that would have paged."""
        return sum(episode.paged is not None for episode in self.episodes.values())


def run_detector(
    spool: MentionSpool, false_alarms: float | Promise, tick: Tick, nearness: Nearness | None = None
) -> Outcome:
    """The incidents of the spooled mentions at a promise of `false_alarms` per entity and month, or to whom.

    Deterministic.  Memory: one state an entity, as in the workers; `nearness` is shown every mention.
    """
    detectors = Detectors(false_alarms)
    partition = PartitionState()
    states: dict[str, EntityState] = {}
    outcome = Outcome(detectors.promise, [], {})
    done = 0
    for inbound in spool:
        key = inbound.entity.id
        if isinstance(inbound, InboundMention):
            for late in partition.advance_to(inbound):
                for event in partition.resolve_due(late, states[late], inbound):
                    _record(outcome, event)
        state = states.get(key)
        if state is None or (state.clock and _arrival(inbound) > state.clock + FORGET_AFTER):
            # The workers forget an entity after so long a silence.
            state = states[key] = partition.priors.begin(inbound)
        detector = detectors.of(key)
        for event in detector.observe(state, inbound):
            _record(outcome, event)
        if not state.clock & OFTEN:
            partition.priors.observe(inbound, state)
        partition.schedule(key, state)
        if nearness is not None and isinstance(inbound, InboundMention):
            nearness.observe(state, inbound, detector.thresholds)
        done += 1
        if done % _TICK_EVERY == 0:
            tick(_TICK_EVERY)
    tick(done % _TICK_EVERY)
    return outcome


def entity_months(companies: Iterable[CompanyHistory]) -> float:
    """Months of all companies together, each from its first mention to its last: what the promise counts in."""
    return sum(company.last - company.first for company in companies) / MONTH


def _arrival(inbound: Inbound) -> float:
    when = inbound.deleted_at if isinstance(inbound, InboundDeletion) else inbound.ingested_at or inbound.created_at
    return when.timestamp()


def _record(outcome: Outcome, event: IncidentEvent) -> None:
    """The event into the life of its incident."""
    if event.event == "opened":
        outcome.openings.append(event)
    episode = outcome.episodes.get(event.incident_id)
    if episode is None:
        outcome.episodes[event.incident_id] = Episode(event, event if firing(event) else None, event, event)
        return
    episode.events += 1
    episode.last = event
    if event.severity > episode.worst.severity:
        episode.worst = event
    if episode.paged is None and firing(event):
        episode.paged = event
