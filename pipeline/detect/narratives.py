"""What the complaints of an incident are about: told apart while they come in, with a bounded memory.

Leader clustering (Hartigan 1975) by average linkage: a complaint joins the narrative whose members it is most alike on
average, or begins one, and two narratives whose members are alike become one.  What few followers are like says
little, so more is asked of a small narrative than of a large one.  A narrative that found no followers makes room.
All arithmetic is on whole numbers or exactly rounded, so a replay gives the same groups.

Where mentions come without a sketch, hashed words stand in for meaning: poorer, but better than one heap.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isqrt, sqrt

from msgspec import Struct, field

from pipeline.detect.phrases import SLOTS
from pipeline.detect.vectors import LENGTH, added, centre_of, numbers_of, product, unit
from pipeline.sketch import Sketch

ALIKE = {"sketch": (0.18, 0.1), "words": (0.15, 0.05)}
"""Average cosine from which a complaint belongs to a narrative: so much, and so much more over the root of its size.
Chosen on one half of the labelled stories by `python -m benchmarks.detection.narratives --choose`."""

ONE = 1.3
"""Two narratives become one when they are so many times as alike as a member must be."""

RECENT = 1800.0
"""Seconds over which recent complaints are counted."""

_MEMORY = 30
"""A centre moves as if it had at most so many followers: stories drift."""

_LONE = 2
"""Followers up to which a narrative makes room for a newcomer."""

_WHOLE = 1000


class Narrative(Struct, array_like=True):
    """A group of complaints: its centre as 64 signed bytes of length 127, how alike they are to it on average
    (`tight`, cosine in thousandths), how many, since when; `recent` counts them, decaying, as of `at`.  Times in whole
    seconds."""

    centre: bytes
    first: int
    tight: int = _WHOLE
    mentions: int = 1
    recent: float = 1.0
    at: int = 0

    def recently(self, t: int) -> float:
        """Complaints of the last half hour, decaying."""
        return self.recent * exp(-max(0, t - self.at) / RECENT)


class Narratives(Struct, array_like=True):
    """The narratives of an incident by slot (None: free).

    `by`: what complaints are grouped by, empty before the first; `seen`: complaints looked at; those in no narrative
    are the difference.
    """

    slots: list[Narrative | None] = field(default_factory=lambda: [None] * SLOTS)
    by: str = ""
    seen: int = 0

    def place(self, vector: Sketch | None, by: str, t: int) -> tuple[int, list[tuple[int, int]]]:
        """Take in a complaint of time `t`.

        Gives the slot that it joined (-1: none), and what became of others first: pairs of a slot and the one that it
        was merged into (-1: it was given up).
        """
        if by == "sketch" and self.by == "words":  # meaning is at hand after all: begin anew with it
            lost = [(slot, -1) for slot, known in enumerate(self.slots) if known is not None]
            self.slots = [None] * SLOTS
            self.seen = 0
        else:
            lost = []
        self.by = "sketch" if "sketch" in (by, self.by) else by
        self.seen += 1
        if vector is None or by != self.by:
            return -1, lost
        numbers = unit(vector)
        slot = self._nearest(numbers)
        if slot >= 0:
            self._join(slot, numbers, t)
            lost += self._merged(slot)
            return (lost[-1][1] if lost and lost[-1][0] == slot else slot), lost
        slot = self._free(lost)
        if slot >= 0:
            self.slots[slot] = Narrative(centre_of(numbers), t, at=t)
        return slot, lost

    def _nearest(self, vector: Sequence[int]) -> int:
        """The slot of the narrative that a complaint belongs to, -1 for none."""
        best, margin = -1, 0.0
        for slot, known in enumerate(self.slots):
            if known is None:
                continue
            alike = product(numbers_of(known.centre), vector) * known.tight / (LENGTH * LENGTH * _WHOLE)
            above = alike - self._least(known.mentions)
            if above >= margin:
                best, margin = slot, above
        return best

    def _least(self, pairs: int) -> float:
        """How alike two groups must be on average when their members make so many pairs."""
        limit, few = ALIKE[self.by]
        return limit + few / sqrt(pairs)

    def _join(self, slot: int, vector: Sequence[int], t: int) -> None:
        known = self.slots[slot]
        assert known is not None
        weight = min(known.mentions, _MEMORY)
        total = added(weight * known.tight, numbers_of(known.centre), _WHOLE, vector)
        self._move(known, total, weight + 1)
        known.mentions += 1
        known.first = min(known.first, t)
        known.recent = known.recently(t) + 1.0
        known.at = max(known.at, t)

    @staticmethod
    def _move(known: Narrative, total: Sequence[int], members: int) -> None:
        """Give a narrative the centre of its members, whose sum is `total` (in thousandths of length 127)."""
        known.centre = centre_of(unit(total))
        known.tight = min(isqrt(product(total, total)) // (members * LENGTH), _WHOLE)

    def _merged(self, slot: int) -> list[tuple[int, int]]:
        """Make one of the narrative that has just moved and another that it has become like; the older one stays."""
        moved = self.slots[slot]
        assert moved is not None
        centre = numbers_of(moved.centre)
        for other, known in enumerate(self.slots):
            if known is None or other == slot:
                continue
            alike = product(numbers_of(known.centre), centre) * known.tight * moved.tight
            if alike / (LENGTH * _WHOLE) ** 2 < ONE * self._least(known.mentions * moved.mentions):
                continue
            keep, gone = (other, slot) if known.first <= moved.first else (slot, other)
            self._unite(keep, gone)
            return [(gone, keep)]
        return []

    def _unite(self, keep: int, gone: int) -> None:
        a, b = self.slots[keep], self.slots[gone]
        assert a is not None
        assert b is not None
        part = 1 + 999 * a.mentions // (a.mentions + b.mentions)  # of a thousand
        total = added(part * a.tight, numbers_of(a.centre), (1000 - part) * b.tight, numbers_of(b.centre))
        self._move(a, total, 1000)
        t = max(a.at, b.at)
        a.recent, a.at = a.recently(t) + b.recently(t), t
        a.first, a.mentions = min(a.first, b.first), a.mentions + b.mentions
        self.slots[gone] = None

    def _free(self, lost: list[tuple[int, int]]) -> int:
        """A slot for a newcomer: a free one, or that of the smallest when it has found no followers; else -1."""
        smallest, fewest = -1, _LONE + 1
        for slot, known in enumerate(self.slots):
            if known is None:
                return slot
            if known.mentions < fewest:
                smallest, fewest = slot, known.mentions
        if smallest >= 0:
            lost.append((smallest, -1))
        return smallest
