"""Priors for new entities, pooled from known ones of their partition (empirical Bayes).

A fixed random sample of the known entities (those whose ids hash lowest, so that the same are in it however the
mentions come) has what is usual for each.  A new entity begins with a little of
what is usual among those of its category, or among all where too few share it; when it has been known for half a day
and its size shows, with a little of what is usual among those of its size.  What is lent is put into the baseline's own
sums as if it had been counted, so it fades as they do, and the entity's own mentions soon outweigh it.
"""

from __future__ import annotations

from math import exp, log
from zlib import crc32

from msgspec import Struct, field

from pipeline.detect.evidence.baseline import DAY, Baseline
from pipeline.detect.mentions.inbound import Inbound, InboundMention
from pipeline.detect.state.entity import EntityState

SAMPLE = 64
"""Entities whose usual figures are remembered; and new ones whose size is still to be asked."""

KNOWN_AFTER = 7 * DAY
"""Seconds after which an entity is known well enough for others to borrow from."""

SIZED_AFTER = 12 * 3600
"""Seconds after which the size of a new entity shows."""

FEWEST = 3
"""Known entities of one category or size below which they say nothing."""

ALIKE = log(3.0)
"""Entities are of one size when neither has more than three times the mentions of the other."""

LENT_TIME = 0.25 * DAY
"""Seconds of usual mentions that are lent at the beginning: half of what the fixed prior has."""

LENT_MENTIONS = 15.0
"""Mentions' worth of belief in a share, in what threads draw and in a dispersion that are lent."""

OFTEN = 63
"""An entity is noted at about one mention in so many: when the second of its clock has none of these bits."""


class PriorSample(Struct, array_like=True, frozen=True):
    """What is usual for a known entity: `negative` and `other` mentions a day, negative answers `drawn` by a negative,
    the dispersion `phi`."""

    category: str
    negative: float
    other: float
    drawn: float
    phi: float


class PriorPool(Struct, array_like=True):
    """The sample of a partition.  `known`: hash of an entity's id → its usual figures.  `young`: hashes of entities
    whose size has not been looked at yet."""

    known: dict[int, PriorSample] = {}
    young: list[int] = field(default_factory=list)

    def begin(self, inbound: Inbound) -> EntityState:
        """The state of an entity that is mentioned for the first time."""
        entity, category = EntityState(), _category(inbound)
        alike = self._alike([u for u in self.known.values() if category and u.category == category])
        if not alike:
            alike = self._alike(list(self.known.values()))
        if alike:
            part = LENT_TIME / DAY
            negative, other = _geometric([u.negative for u in alike]), _geometric([u.other for u in alike])
            own = entity.baseline
            own.level_negative, own.level_other, own.level_seconds = negative * part, other * part, LENT_TIME
            _lend(entity.baseline, alike)
        if len(self.young) >= SAMPLE:
            del self.young[0]
        self.young.append(crc32(inbound.entity.id.encode()))
        return entity

    def observe(self, inbound: Inbound, entity: EntityState, *, lend: bool = True) -> None:
        """Note what is usual for an entity once it is known, and lend to it when its size shows; changes `entity` then.

        `lend`: false when `entity` has been through this before, as after a crash, so that nothing is lent twice.
        """
        age = entity.baseline.age(entity.clock)
        if age < SIZED_AFTER:
            return
        number = crc32(inbound.entity.id.encode())
        if number in self.young:
            self.young.remove(number)
            if lend and age < KNOWN_AFTER:
                self._lend_by_size(entity)
        if age < KNOWN_AFTER:
            return
        known = self.known
        if number not in known and len(known) >= SAMPLE:
            highest = max(known)
            if number > highest:
                return
            del known[highest]
        before = known.get(number)
        category = _category(inbound) or (before.category if before is not None else "")
        known[number] = _usual(category, entity.baseline)

    def _lend_by_size(self, entity: EntityState) -> None:
        own = _usual("", entity.baseline)
        size = log(own.negative + own.other)
        _lend(
            entity.baseline,
            self._alike([u for u in self.known.values() if abs(log(u.negative + u.other) - size) <= ALIKE]),
        )

    @staticmethod
    def _alike(some: list[PriorSample]) -> list[PriorSample]:
        return some if len(some) >= FEWEST else []


def _category(inbound: Inbound) -> str:
    """The category of the entity, empty where the message does not say it."""
    return (inbound.category or "")[:64] if isinstance(inbound, InboundMention) else ""


def _usual(category: str, baseline: Baseline) -> PriorSample:
    """The figures of an entity as its baseline has them now, apart from the hour of the day."""
    factor = max(baseline.factor, 0.05)
    return PriorSample(
        category,
        round(max(baseline.mu_negative / factor * DAY, 1e-3), 4),
        round(max(baseline.mu_other / factor * DAY, 1e-3), 4),
        round(
            baseline.drawn_answers / baseline.drawn_negative if baseline.drawn_negative > 0.0 else baseline.branching, 4
        ),
        round(baseline.phi, 4),
    )


def _lend(baseline: Baseline, alike: list[PriorSample]) -> None:
    """Put a little of what is usual among `alike` into the sums of share, threads and dispersion."""
    if not alike:
        return
    negative = sum(u.negative / (u.negative + u.other) for u in alike) / len(alike)
    baseline.share_negative += negative * LENT_MENTIONS
    baseline.share_all += LENT_MENTIONS
    baseline.drawn_answers += sum(u.drawn for u in alike) / len(alike) * LENT_MENTIONS
    baseline.drawn_negative += LENT_MENTIONS
    baseline.spread_squares += _geometric([u.phi for u in alike]) * LENT_MENTIONS
    baseline.spread_due += LENT_MENTIONS


def _geometric(values: list[float]) -> float:
    return exp(sum(log(value) for value in values) / len(values))
