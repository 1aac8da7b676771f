"""Ordinary English words and names, and how frequent they are.

So that a brand that is one is not seen in every sentence that has it.

The list is made from SCOWL, sizes 10 to 50 (see the notice beside it): plain words in lower case, names of people and
places with a capital.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data"
_FILE = _DATA / "common_words.txt"
_FREQUENT = _DATA / "frequent_words.txt"
_OF_TODAY = frozenset(("bbq", "ecco", "selfie", "emoji", "hashtag", "meme", "vape", "vegan"))
"""Words that people use and the list, made for spelling, does not have."""
VERY_FREQUENT, FREQUENT = 300, 1000
"""Ranks of words that stand in so many posts that the few about a brand of that name are lost among them."""


class Words(NamedTuple):
    """Ordinary words and proper names, all in lower case."""

    common: frozenset[str]
    names: frozenset[str]


@cache
def ordinary() -> Words:
    """The shipped list."""
    common, names = set(), set()
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line[:1].isupper():
            names.add(line.lower())
        elif line and line[0] != "#":
            common.add(line)
    return Words(frozenset(common) | _OF_TODAY, frozenset(names))


@cache
def ranks() -> dict[str, int]:
    """The commonest words with their place in the order of frequency, from 0."""
    lines = _FREQUENT.read_text(encoding="utf-8").splitlines()
    return {word: rank for rank, word in enumerate(line for line in lines if line and line[0] != "#")}
