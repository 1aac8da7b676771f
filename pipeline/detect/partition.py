"""Resolves incidents of silent entities, on the partition's event-time clock.

An incident ends when the stream has moved on for long enough without a word about its entity.  An entity's own state
learns nothing while nobody speaks of it, so each partition keeps a clock, moved by the mentions of all its entities,
and a list of those with an open incident.  How long silence must last is counted on that clock from the moment at which
the entity was last mentioned, not by the dates of its posts: a network that is being caught up on runs hours behind
another, and its entities are no less alive for that.

When all streams of a partition fall silent, nothing ends, for nothing is known; the next mention of anybody makes up
for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import EntityRef
from pipeline.detect.deduplication import HighWaterMarks
from pipeline.detect.incidents import lifecycle
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.priors import PriorPool
from pipeline.detect.state.entity import EntityState

WATCHED = 1_000
"""Open incidents watched on a partition; those beyond end with the next mention of their own entity."""


_BEGINNING, _NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LATEST = _NEVER - timedelta(days=400)


class PartitionState(Struct, array_like=True):
    """The clock of a partition in event time, which never goes back, and the time on it at which the open incidents of
    each entity are over unless it is mentioned again.  `first` is the earliest of them, or earlier.  `high_water`: what
    of the raw topic the partition has had.  `priors`: what is usual for entities of the partition, to lend to new ones.
    `secret`: the key of the hashes of entities that begin here, 0 before there is one.
    """

    clock: datetime = _BEGINNING
    due: dict[str, datetime] = {}
    first: datetime = _NEVER
    high_water: HighWaterMarks = msgspec.field(default_factory=HighWaterMarks)
    priors: PriorPool = msgspec.field(default_factory=PriorPool)
    secret: int = 0

    def advance_to(self, mention: InboundMention) -> Sequence[str]:
        """Let time come to a mention; gives the other entities that are due, the earliest first."""
        event_time, arrived = mention.created_at, mention.ingested_at
        if arrived is not None and arrived < event_time:  # a post that is dated ahead moves nobody else's clock
            event_time = arrived
        if event_time > self.clock:
            self.clock = event_time
        if self.clock < self.first:
            return ()
        own = mention.entity.id
        late = sorted((due, key) for key, due in self.due.items() if due <= self.clock and key != own)
        self.first = min((due for key, due in self.due.items() if due > self.clock or key == own), default=_NEVER)
        return [key for _, key in late]

    def schedule(self, key: str, entity: EntityState) -> None:
        """Note until when an entity may be silent, now that it has been mentioned or resolved."""
        left = lifecycle.patience(entity) if entity.acute is not None or entity.slow is not None else None
        if left is None:
            if key in self.due:
                del self.due[key]
        elif key in self.due or len(self.due) < WATCHED:
            due = self.clock + timedelta(seconds=left) if self.clock < _LATEST else _NEVER
            self.due[key] = due
            self.first = min(self.first, due)

    def resolve_due(self, key: str, entity: EntityState, mention: InboundMention) -> Sequence[IncidentEvent]:
        """End what is over in an entity that is due, on the occasion of another's mention."""
        occasion = lifecycle.Occasion(EntityRef(key, entity.name or key), mention.ingested_at or mention.created_at)
        left = lifecycle.patience(entity)
        events = [] if left is None else lifecycle.resolve_silent(entity, occasion, left)
        self.schedule(key, entity)
        return events
