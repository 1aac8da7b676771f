"""Migrates the state of older versions, step by step.

Each step works on the plain lists that the bytes decode to, so that no class of an older version has to remain.
"""

from __future__ import annotations

from struct import iter_unpack, pack, unpack_from
from typing import Any

from msgspec import convert, to_builtins

from pipeline.contracts.values import MAX_VERSION
from pipeline.detect.evidence.coordination import CoordinationSigns
from pipeline.detect.evidence.groundswell import USUAL_ALL, USUAL_BLOCKS, USUAL_NEGATIVE
from pipeline.detect.narratives.narrative import SLOTS
from pipeline.detect.state.memory import Memory, aged
from pipeline.detect.state.page import GONE, WINDOW
from pipeline.detect.state.posts import Entry, packed

_SIGNS = 33  # where an incident has its signs of coordination, if it has any
_BASELINE, _GROUNDSWELL = 4, 7  # where a state of version 5 has them
_SHARE = 6  # where a baseline has its sums of negatives and of all
_NARRATIVES: list[Any] = [[None] * SLOTS, "", 0]


def upgraded(packed: list[Any], version: int) -> list[Any]:
    """The packed state as a program of `version` writes it."""
    steps = {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4, 5: _from_5}
    while packed[0] < version:
        packed = steps[packed[0]](packed)
    return packed


def _from_1(packed: list[Any]) -> list[Any]:
    """Version 2 keeps the course, people and narratives of incidents, and which tests fired with what evidence."""
    *start, talk, acute, slow = packed
    clock, baseline = start[1], start[4]
    bin_end, rate, spent = baseline[1], baseline[13], baseline[16]
    foreseen = spent + rate * max(0.0, clock - (bin_end - 600.0))
    counts = {term: [count] for term, count in talk[0].items()}
    incidents = (_incident_1(incident, [clock, 60, [], [], [], clock, foreseen]) for incident in (acute, slow))
    return [2, *start[1:], [counts, talk[1]], *incidents, "", [{}], _NARRATIVES]


def _from_2(packed: list[Any]) -> list[Any]:
    """Version 3 remembers of a post which version and which thread it was; 1 is the version of a post never edited."""
    version, clock, counts, memory, *rest = packed
    ids, authors, texts = unpack_from("<HHH", memory)
    first = 6 + 7 * ids
    posts = b"".join(pack("<IHBH", key, age, weight, 1) for key, age, weight in iter_unpack("<IHB", memory[6:first]))
    known = first + 6 * (authors + texts)
    return [version + 1, clock, counts, memory[:6] + posts + memory[first:known], *rest]


def _from_3(packed: list[Any]) -> list[Any]:
    """Version 4 notes when a word was last said, and how alike the members of a narrative are: those begin anew."""
    version, *start, ring, past, talk, acute, slow, name, regulars, _narratives = packed
    counts = {term: [known[0], talk[1], *[0] * SLOTS] for term, known in talk[0].items()}
    ring = [[*post[:7], -1] for post in ring]
    return [version + 1, *start, ring, past, [counts, talk[1]], acute, slow, name, regulars, _NARRATIVES]


def _from_4(state: list[Any]) -> list[Any]:
    """Version 5 knows posts by keyed hashes and versions, some of them in pages; what is known by CRC-32 and the stamp
    of a version stays so until it is forgotten."""
    version, clock, counts, memory, *rest = state
    ids, authors, texts = unpack_from("<HHH", memory)
    first = 6 + 9 * ids
    second = first + 6 * authors
    third = second + 6 * texts
    minute = clock // 60
    numbers = dict(iter_unpack("<BI", memory[third:]))
    posts: list[Entry] = []
    for number, (key, age, weight, mark) in enumerate(iter_unpack("<IHBH", memory[6:first])):
        stamped, what = (-mark, weight) if mark else (MAX_VERSION, weight | GONE)
        posts.append((key, minute - age, what, numbers.get(number, 0), stamped))
    made = Memory(
        authors=aged(iter_unpack("<IH", memory[first:second]), 2, minute),
        texts=aged(iter_unpack("<IH", memory[second:third]), 4, minute),
        unkeyed_until=minute + WINDOW,
    )
    *rest, acute, slow, name, regulars, narratives = rest
    incidents = [_with_voices(incident) for incident in (acute, slow)]
    return [
        version + 1,
        clock,
        counts,
        made.pack(minute)[:-3] + packed(posts, minute),
        *rest,
        *incidents,
        name,
        regulars,
        narratives,
    ]


def _from_5(state: list[Any]) -> list[Any]:
    """Version 6 learns for groundswells by themselves what is usual: at first what the baseline has learned."""
    negative, every = state[_BASELINE][_SHARE]
    *block, since, mark = state[_GROUNDSWELL]
    learned = [USUAL_NEGATIVE + negative, USUAL_ALL + every, USUAL_BLOCKS, USUAL_BLOCKS, 0.0]
    swell = [*block, *learned, since, mark]
    return [6, *state[1:_GROUNDSWELL], swell, *state[_GROUNDSWELL + 1 :]]


def _with_voices(incident: list[Any] | None) -> list[Any] | None:
    """Incidents count since version 5 how many people complained, which the counts of before show about."""
    if incident is not None and len(incident) > _SIGNS:
        signs = convert(incident[_SIGNS], CoordinationSigns)
        signs.begin(*incident[11:15])
        incident[_SIGNS] = to_builtins(signs)
    return incident


def _incident_1(old: list[Any] | None, course: list[Any]) -> list[Any] | None:
    if old is None:
        return None
    identity, test, rest = old[:8], old[8:12], old[12:]
    name, threshold, rate, value = test
    counted, at, severity, reported, last_event, hot, resolved = rest[:8], rest[8], *rest[9:14]
    _coordinated, learning, first_post, networks, drivers, fired = rest[14:20]
    firings = [[name, fired.get(name, identity[3]), value, threshold, rate]]
    firings += [[other, when, 0.0, 0.0, 0.0] for other, when in fired.items() if other != name]
    return [
        *identity, firings, course, *counted, at, severity, reported, 0.0, last_event, hot, resolved, learning, [],
        first_post, networks, drivers,
    ]  # fmt: skip
