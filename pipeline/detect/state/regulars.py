"""Regulars: people who often speak of an entity.

Found by sticky sampling (Manku and Motwani 2002): somebody enters by chance, and is counted exactly from then on.  A
person counts once in six hours, so that one long quarrel does not make a regular.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pipeline.contracts.values import Leaning

KNOWN: Final = 16
"""People remembered per entity."""

OFTEN: Final = 4
"""Stretches of six hours in which somebody must have spoken of the entity to be a regular."""

_ENTER: Final = 4
_REPLACE: Final = 8
_PUSH: Final = 64
"""One in so many newcomers is remembered while there is room, takes the place of somebody who spoke once when there
is none, and takes one off the count of the least known when nobody spoke just once."""

_LEANING: Final = 0.6
_FULL: Final = 255


class Standing(NamedTuple):
    """How often somebody spoke of the entity, how often against it and how often for it."""

    times: int
    against: int
    favour: int

    @property
    def leaning(self) -> Leaning:
        """Ally or critic where most of what they said was so."""
        if self.against >= _LEANING * self.times:
            return "critic"
        return "ally" if self.favour >= _LEANING * self.times else "mixed"


@dataclass(slots=True)
class Regulars:
    """People by the hash of their id: times << 16 | against << 8 | favour, each at most 255."""

    known: dict[int, int] = field(default_factory=dict)

    def learn(self, voice: int, against: bool, favour: bool, chance: int) -> None:
        """Somebody speaks of the entity in quiet times, for the first time in six hours.

        `voice`: the hash of their id; `chance`: any number.
        """
        known = self.known
        step = 1 << 16 | against << 8 | favour
        before = known.get(voice)
        if before is not None:
            known[voice] = value = before + step
            if value >> 16 >= _FULL:
                self.known = {k: v >> 1 & 0x7F7F7F for k, v in known.items()}
        elif len(known) < KNOWN:
            if chance % _ENTER == 0:
                known[voice] = step
        elif chance % _REPLACE == 0:
            self._make_way(voice, step, chance)

    def _make_way(self, voice: int, step: int, chance: int) -> None:
        """A newcomer takes the place of somebody who spoke once, or, seldom, takes one off who spoke the least."""
        known = self.known
        least, fewest = 0, _FULL + 1
        for other, value in known.items():
            times = value >> 16
            if times < fewest:
                least, fewest = other, times
                if times <= 1:
                    break
        times = fewest - 1
        if times <= 0:
            del known[least]
            known[voice] = step
        elif chance % _PUSH == 0:
            rest = known[least] >> 8 & 255, known[least] & 255
            known[least] = times << 16 | min(rest[0], times) << 8 | min(rest[1], times)

    def standing(self, voice: int) -> Standing | None:
        """What is known of somebody who often speaks of the entity; None of anybody else."""
        value = self.known.get(voice, 0)
        if value >> 16 < OFTEN:
            return None
        return Standing(value >> 16, value >> 8 & 255, value & 255)
