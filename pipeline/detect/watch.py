"""Silence is heard too: an incident ends when the stream has moved on for long enough without a word about its entity.

An entity's own state hears nothing while nobody speaks of it.  So each partition keeps a clock, moved by the mentions
of all its entities, and a list of those with an open incident.  How long silence must last is counted on that clock
from the moment at which the entity was last heard, not by the dates of its posts: a network that is being caught up on
runs hours behind another, and its entities are no less alive for that.

When all streams of a partition fall silent, nothing ends, for nothing is known; the next mention of anybody settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from pipeline.contracts.messages import EntityRef, IncidentEvent
from pipeline.detect import lifecycle
from pipeline.detect.entity import EntityState
from pipeline.detect.heard import HeardMention
from pipeline.detect.kin import Kin
from pipeline.detect.origins import Origins

WATCHED = 1_000
"""Open incidents watched on a partition; those beyond end with the next mention of their own entity."""


_BEGINNING, _NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LATEST = _NEVER - timedelta(days=400)


class Watch(Struct, array_like=True):
    """The clock of a partition in event time, which never goes back, and the time on it at which the open incidents of
    each entity are over unless it is heard of again.  `first` is the earliest of them, or earlier.  `origins`: what of
    the raw topic the partition has heard.  `kin`: what is usual for entities of the partition, to lend to new ones."""

    clock: datetime = _BEGINNING
    due: dict[str, datetime] = {}
    first: datetime = _NEVER
    origins: Origins = msgspec.field(default_factory=Origins)
    kin: Kin = msgspec.field(default_factory=Kin)

    def pass_to(self, m: HeardMention) -> Sequence[str]:
        """Let time come to a mention; gives the other entities that are due, the earliest first."""
        t = m.created_at
        if m.ingested_at is not None and m.ingested_at < t:  # a post that is dated ahead moves nobody else's clock
            t = m.ingested_at
        if t > self.clock:
            self.clock = t
        if self.clock < self.first:
            return ()
        own = m.entity.id
        late = sorted((due, key) for key, due in self.due.items() if due <= self.clock and key != own)
        self.first = min((due for key, due in self.due.items() if due > self.clock or key == own), default=_NEVER)
        return [key for _, key in late]

    def look(self, key: str, s: EntityState) -> None:
        """Note until when an entity may be silent, now that it has been heard or settled."""
        left = lifecycle.patience(s) if s.acute is not None or s.slow is not None else None
        if left is None:
            if key in self.due:
                del self.due[key]
        elif key in self.due or len(self.due) < WATCHED:
            due = self.clock + timedelta(seconds=left) if self.clock < _LATEST else _NEVER
            self.due[key] = due
            self.first = min(self.first, due)

    def settle(self, key: str, s: EntityState, m: HeardMention) -> Sequence[IncidentEvent]:
        """End what is over in an entity that is due, on the occasion of another's mention."""
        entity = EntityRef(key, s.name or key)
        when = lifecycle.Occasion(entity, m.ingested_at or m.created_at)
        left = lifecycle.patience(s)
        events = [] if left is None else lifecycle.settle(s, when, left)
        self.look(key, s)
        return events
