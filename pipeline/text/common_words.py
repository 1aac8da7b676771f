"""Ordinary words, so that a brand that is one is not seen in every sentence that has it.

The list is made from SCOWL, sizes 10 to 50 (see the notice beside it): plain words in lower case, names of people and
places with a capital.
"""

from __future__ import annotations

from enum import IntEnum
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


class Kind(IntEnum):
    """How much a name says by itself, from least to most."""

    COMMON = 0
    """An ordinary word: target, gap, shell."""
    SHORT = 1
    """Three characters or fewer: bp, ee, ups."""
    NAME = 2
    """A person, a place: wendy, paris, orange county."""
    PHRASE = 3
    """Several words, all of them ordinary: best buy, old navy."""
    RARE = 4
    """No ordinary word, but the name of a brand that few know: a foreign word, a family name, a typing error."""
    DISTINCT = 5
    """Nothing else is called so."""


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


def kind_of(form: str) -> Kind:
    """What kind of name a folded form is; possessives count as their owner (`wendy's` is a name), and an article
    before a word does not make it another (`the coffee`)."""
    words = ordinary()
    parts = [_owner(part) for part in form.replace("-", " ").split()]
    if len(parts) == 2 and parts[0] == "the":
        del parts[0]
    if len(parts) > 1:
        plain = all(p in words.common or p in words.names or len(p) < 3 or p[:1].isdigit() for p in parts)
        return Kind.PHRASE if plain else Kind.DISTINCT
    part = parts[0] if parts else ""
    if part in words.common:
        return Kind.COMMON
    if len(part) <= 3 and part.isascii():
        return Kind.SHORT
    if part in words.names or part.removesuffix("s") in words.names:
        return Kind.NAME
    return Kind.DISTINCT


def _owner(word: str) -> str:
    return word.removesuffix("'s").strip("'.,!@#*&")
