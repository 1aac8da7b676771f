"""What an entity never heard of before may be like, going by those of its partition that are known.

Empirical Bayes, as simple as it goes: a fixed random sample of the known entities (those whose ids hash lowest, so that
the same ones are in it however the mentions come) keeps what is usual for each.  A new entity begins with a little of
what is usual among those of its category, or among all where too few share it; when it has been heard for half a day
and its size shows, with a little of what is usual among those of its size.  What is lent is put into the baseline's own
sums as if it had been heard, so it fades as they do, and the entity's own mentions soon outweigh it.
"""

from __future__ import annotations

from math import exp, log
from zlib import crc32

from msgspec import Struct, field

from pipeline.detect.evidence.baseline import DAY, Baseline
from pipeline.detect.mentions.inbound import Heard, HeardMention
from pipeline.detect.state.entity import EntityState

SAMPLE = 64
"""Entities whose usual figures are kept; and new ones of which it is remembered that their size is to be looked at."""

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


class Usual(Struct, array_like=True, frozen=True):
    """What is usual for a known entity: `negative` and `other` mentions a day, negative answers `drawn` by a negative,
    the dispersion `phi`."""

    category: str
    negative: float
    other: float
    drawn: float
    phi: float


class Kin(Struct, array_like=True):
    """The sample of a partition.  `known`: hash of an entity's id → its usual figures.  `young`: hashes of entities
    whose size has not been looked at yet."""

    known: dict[int, Usual] = {}
    young: list[int] = field(default_factory=list)

    def begin(self, heard: Heard) -> EntityState:
        """The state of an entity that is heard of for the first time."""
        s, category = EntityState(), _category(heard)
        akin = self._akin([u for u in self.known.values() if category and u.category == category])
        if not akin:
            akin = self._akin(list(self.known.values()))
        if akin:
            part = LENT_TIME / DAY
            negative, other = _geometric([u.negative for u in akin]), _geometric([u.other for u in akin])
            own = s.baseline
            own.level_negative, own.level_other, own.level_seconds = negative * part, other * part, LENT_TIME
            _lend(s.baseline, akin)
        if len(self.young) >= SAMPLE:
            del self.young[0]
        self.young.append(crc32(heard.entity.id.encode()))
        return s

    def look(self, heard: Heard, s: EntityState, *, lend: bool = True) -> None:
        """Note what is usual for an entity once it is known, and lend to it when its size shows; changes `s` then.

        `lend`: false when `s` has been through this before, as after a crash, so that nothing is lent twice.
        """
        age = s.baseline.age(s.clock)
        if age < SIZED_AFTER:
            return
        number = crc32(heard.entity.id.encode())
        if number in self.young:
            self.young.remove(number)
            if lend and age < KNOWN_AFTER:
                self._lend_by_size(s)
        if age < KNOWN_AFTER:
            return
        known = self.known
        if number not in known and len(known) >= SAMPLE:
            highest = max(known)
            if number > highest:
                return
            del known[highest]
        before = known.get(number)
        category = _category(heard) or (before.category if before is not None else "")
        known[number] = _usual(category, s.baseline)

    def _lend_by_size(self, s: EntityState) -> None:
        own = _usual("", s.baseline)
        size = log(own.negative + own.other)
        _lend(
            s.baseline, self._akin([u for u in self.known.values() if abs(log(u.negative + u.other) - size) <= ALIKE])
        )

    @staticmethod
    def _akin(some: list[Usual]) -> list[Usual]:
        return some if len(some) >= FEWEST else []


def _category(heard: Heard) -> str:
    """The category of the entity, empty where the message does not say it."""
    return (heard.category or "")[:64] if isinstance(heard, HeardMention) else ""


def _usual(category: str, baseline: Baseline) -> Usual:
    """The figures of an entity as its baseline has them now, apart from the hour of the day."""
    factor = max(baseline.factor, 0.05)
    return Usual(
        category,
        round(max(baseline.mu_negative / factor * DAY, 1e-3), 4),
        round(max(baseline.mu_other / factor * DAY, 1e-3), 4),
        round(
            baseline.drawn_answers / baseline.drawn_negative if baseline.drawn_negative > 0.0 else baseline.branching, 4
        ),
        round(baseline.phi, 4),
    )


def _lend(baseline: Baseline, akin: list[Usual]) -> None:
    """Put a little of what is usual among `akin` into the sums of share, threads and dispersion."""
    if not akin:
        return
    negative = sum(u.negative / (u.negative + u.other) for u in akin) / len(akin)
    baseline.share_negative += negative * LENT_MENTIONS
    baseline.share_all += LENT_MENTIONS
    baseline.drawn_answers += sum(u.drawn for u in akin) / len(akin) * LENT_MENTIONS
    baseline.drawn_negative += LENT_MENTIONS
    baseline.spread_squares += _geometric([u.phi for u in akin]) * LENT_MENTIONS
    baseline.spread_due += LENT_MENTIONS


def _geometric(values: list[float]) -> float:
    return exp(sum(log(value) for value in values) / len(values))
