"""Clusters the complaints of an incident into narratives, as they come in.

Leader clustering (Hartigan 1975) by average linkage, in bounded memory: a complaint joins the narrative whose members
it is most alike on average, or begins one, and two narratives whose members are alike become one.  What few followers
are like says little, so more is asked of a small narrative than of a large one.  A narrative that found no followers
makes room.  All arithmetic is on whole numbers or exactly rounded, so a replay gives the same groups.

Where mentions come without a sketch, hashed words stand in for meaning: poorer, but better than one heap.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Final

from pipeline.contracts.sketch import Sketch
from pipeline.detect.narratives.narrative import RECENT, SLOTS, WHOLE, NarrativeCluster, NarrativeClusters
from pipeline.detect.narratives.vectors import LENGTH, numbers, product, unit, united

ALIKE = {"sketch": (0.18, 0.1), "words": (0.15, 0.05)}
"""Average cosine from which a complaint belongs to a narrative: so much, and so much more over the root of its size.
Chosen on one half of the labelled stories by `python -m benchmarks.detection.narratives --choose`."""

MERGE_RATIO: Final = 1.3
"""Two narratives become one when they are so many times as alike as a member must be."""

_MEMORY: Final = 30
"""A centre moves as if it had at most so many followers: stories drift."""

_LONE: Final = 2
"""Followers up to which a narrative makes room for a newcomer."""

_OF_MEMBER: Final = LENGTH * LENGTH * WHOLE
_OF_PAIR: Final = (LENGTH * WHOLE) ** 2
"""What the product of a complaint with a narrative, and of two narratives, stands to as the cosine does to 1."""


def assign(
    groups: NarrativeClusters, vector: Sketch | None, by: str, event_time: int
) -> tuple[int, list[tuple[int, int]]]:
    """Take in a complaint.

    Gives the slot that it joined (-1: none), and what became of others first: pairs of a slot and the one that it
    was merged into (-1: it was given up).
    """
    if by == "sketch" and groups.by == "words":  # meaning is at hand after all: begin anew with it
        lost = [(slot, -1) for slot, known in enumerate(groups.slots) if known is not None]
        groups.slots = [None] * SLOTS
        groups.seen = 0
    else:
        lost = []
    groups.by = "sketch" if "sketch" in (by, groups.by) else by
    groups.seen += 1
    if vector is None or by != groups.by:
        return -1, lost
    direction = unit(vector)
    slot = _nearest(groups, direction)
    if slot >= 0:
        _join(groups, slot, direction, event_time)
        lost += _merged(groups, slot)
        return (lost[-1][1] if lost and lost[-1][0] == slot else slot), lost
    slot = _free(groups, lost)
    if slot >= 0:
        groups.slots[slot] = NarrativeCluster(direction, event_time, at=event_time)
    return slot, lost


def recently(known: NarrativeCluster, event_time: int) -> float:
    """Complaints of the last half hour, decaying."""
    passed = event_time - known.at
    return known.recent * exp(-passed / RECENT) if passed > 0 else known.recent


def _nearest(groups: NarrativeClusters, direction: bytes) -> int:
    """The slot of the narrative that a complaint belongs to, -1 for none."""
    best, margin, asked = -1, 0.0, numbers(direction)
    for slot, known in enumerate(groups.slots):
        if known is None:
            continue
        alike = product(numbers(known.centre), asked) * known.tight / _OF_MEMBER
        above = alike - _least(groups.by, known.mentions)
        if above >= margin:
            best, margin = slot, above
    return best


def _least(by: str, pairs: int) -> float:
    """How alike two groups must be on average when their members make so many pairs."""
    limit, few = ALIKE[by]
    return limit + few / sqrt(pairs)


def _join(groups: NarrativeClusters, slot: int, direction: bytes, event_time: int) -> None:
    known = groups.slots[slot]
    assert known is not None
    weight = min(known.mentions, _MEMORY)
    _move(known, united(weight * known.tight, known.centre, WHOLE, direction), weight + 1)
    known.mentions += 1
    known.first = min(known.first, event_time)
    known.recent = recently(known, event_time) + 1.0
    known.at = max(known.at, event_time)


def _move(known: NarrativeCluster, total: tuple[bytes, int], members: int) -> None:
    """Give a narrative the centre of its members; `total`: direction and length of their sum (127,000 for each)."""
    known.centre, length = total
    known.tight = min(length // (members * LENGTH), WHOLE)


def _merged(groups: NarrativeClusters, slot: int) -> list[tuple[int, int]]:
    """Make one of the narrative that has just moved and another that it has become like; the older one stays."""
    moved = groups.slots[slot]
    assert moved is not None
    centre = numbers(moved.centre)
    for other, known in enumerate(groups.slots):
        if known is None or other == slot:
            continue
        alike = product(numbers(known.centre), centre) * known.tight * moved.tight
        if alike / _OF_PAIR < MERGE_RATIO * _least(groups.by, known.mentions * moved.mentions):
            continue
        stays, gone = (other, slot) if known.first <= moved.first else (slot, other)
        _unite(groups, stays, gone)
        return [(gone, stays)]
    return []


def _unite(groups: NarrativeClusters, stays: int, gone: int) -> None:
    a, b = groups.slots[stays], groups.slots[gone]
    assert a is not None
    assert b is not None
    part = 1 + 999 * a.mentions // (a.mentions + b.mentions)  # of a thousand
    _move(a, united(part * a.tight, a.centre, (1000 - part) * b.tight, b.centre), 1000)
    event_time = max(a.at, b.at)
    a.recent, a.at = recently(a, event_time) + recently(b, event_time), event_time
    a.first, a.mentions = min(a.first, b.first), a.mentions + b.mentions
    groups.slots[gone] = None


def _free(groups: NarrativeClusters, lost: list[tuple[int, int]]) -> int:
    """A slot for a newcomer: a free one, or that of the smallest when it has found no followers; else -1."""
    smallest, fewest = -1, _LONE + 1
    for slot, known in enumerate(groups.slots):
        if known is None:
            return slot
        if known.mentions < fewest:
            smallest, fewest = slot, known.mentions
    if smallest >= 0:
        lost.append((smallest, -1))
    return smallest
