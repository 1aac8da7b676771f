"""Runs the detector over the spooled mentions, at any false-alarm rate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from pipeline.alert.notifier import firing
from pipeline.backtest.nearness import Nearness
from pipeline.backtest.source import Tick
from pipeline.backtest.spool import Company, MentionSpool
from pipeline.contracts.messages import IncidentEvent
from pipeline.detect.detectors import Detectors
from pipeline.detect.entity import EntityState
from pipeline.detect.heard import Heard, HeardDeletion, HeardMention
from pipeline.detect.kin import OFTEN
from pipeline.detect.promise import MONTH, Promise
from pipeline.detect.stage import KEPT
from pipeline.detect.watch import Watch

_TOLD_EVERY = 2_000


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
    """What a run of the detector told.  `openings` are the events `opened`, in order."""

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
    watch = Watch()
    states: dict[str, EntityState] = {}
    outcome = Outcome(detectors.promise, [], {})
    done = 0
    for heard in spool:
        key = heard.entity.id
        if isinstance(heard, HeardMention):
            for late in watch.pass_to(heard):
                for event in watch.settle(late, states[late], heard):
                    _take(outcome, event)
        state = states.get(key)
        if state is None or (state.clock and _arrival(heard) > state.clock + KEPT):
            state = states[key] = watch.kin.begin(heard)  # the workers forget an entity after so long a silence
        detector = detectors.of(key)
        for event in detector.hear(state, heard):
            _take(outcome, event)
        if not state.clock & OFTEN:
            watch.kin.look(heard, state)
        watch.look(key, state)
        if nearness is not None and isinstance(heard, HeardMention):
            nearness.look(state, heard, detector.thresholds)
        done += 1
        if done % _TOLD_EVERY == 0:
            tick(_TOLD_EVERY)
    tick(done % _TOLD_EVERY)
    return outcome


def entity_months(companies: Iterable[Company]) -> float:
    """Months of all companies together, each from its first mention to its last: what the promise counts in."""
    return sum(company.last - company.first for company in companies) / MONTH


def _arrival(heard: Heard) -> float:
    when = heard.deleted_at if isinstance(heard, HeardDeletion) else heard.ingested_at or heard.created_at
    return when.timestamp()


def _take(outcome: Outcome, event: IncidentEvent) -> None:
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
