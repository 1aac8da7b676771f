"""Lexicon of an entity: words that count for it or against it, in all their forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.catalogue.industries import BUSINESS_WORDS, DEALINGS, INDUSTRY_WORDS, SERVICE_WORDS

SHORT = 3
"""Letters of a word that says something only right beside a name."""

_OF_COMPANIES = frozenset(SERVICE_WORDS) | BUSINESS_WORDS | DEALINGS
_VOWELS = frozenset("aeiou")


class Lexicon(NamedTuple):
    """`cues` speak for the entity and `homonym` for another meaning, wherever they stand; `against` only beside.

    `adjacent` are the short words of `against`, which are too frequent to count unless they stand right beside.
    `named` are the words of its industry that are in its name, and so say nothing for it.
    """

    cues: frozenset[str]
    homonym: frozenset[str]
    against: frozenset[str]
    adjacent: frozenset[str]
    industry: tuple[frozenset[str], ...]
    named: frozenset[str]

    @property
    def has_own(self) -> bool:
        """Whether the catalogue has words for this entity, beyond those of its industry."""
        return bool(self.cues or self.homonym or self.against or self.adjacent)


def lexicon_of(entity: Entity) -> Lexicon:
    """What the catalogue says of an entity, with the forms in which words come; words of its own name say nothing."""
    name = entity.name.lower()
    own = frozenset(name.split())
    cues = forms(entity.cues) - own
    industry = tuple(INDUSTRY_WORDS[name] for name in entity.industry if name in INDUSTRY_WORDS)
    return Lexicon(
        cues=cues,
        homonym=forms(entity.homonym) - own - frozenset(entity.cues),
        against=frozenset(word.lower() for word in entity.against if len(word) > SHORT),
        adjacent=frozenset(word.lower() for word in entity.against if len(word) <= SHORT),
        industry=industry,
        named=frozenset([word for words in industry for word in words if word in name]),
    )


class PostWords:
    """The words of one post, and what of them speaks for companies at all; worked out once for all candidates.

    `known` holds what they say for entities without words of their own, by industries, renown and what
    follows.
    """

    __slots__ = ("_industries", "business", "dealings", "known", "service", "words")

    def __init__(self, words: frozenset[str]) -> None:
        self.words = words
        said = words & _OF_COMPANIES
        self.service = said & SERVICE_WORDS
        self.business = not BUSINESS_WORDS.isdisjoint(said)
        self.dealings = said & DEALINGS
        self.known: dict[tuple[tuple[str, ...], bool, bool], float] = {}
        self._industries: dict[tuple[str, ...], frozenset[str]] = {}

    def of_industry(self, names: tuple[str, ...], spoken: tuple[frozenset[str], ...]) -> frozenset[str]:
        """The post's words of some industries, given by their names and their words."""
        found = self._industries.get(names)
        if found is None:
            found = self._industries[names] = frozenset().union(*(words & self.words for words in spoken))
        return found


def forms(words: Iterable[str]) -> frozenset[str]:
    """Each word with its endings (order, orders, ordered, ordering): what is no word is never met and does no harm."""
    return frozenset(form for word in words for form in _forms(word.lower()))


def _forms(word: str) -> Iterator[str]:
    yield word
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return
    yield word + "s"
    if word.endswith(("s", "ed", "ing")):
        return
    if word.endswith("y") and word[-2] not in _VOWELS:
        yield from (word[:-1] + "ies", word[:-1] + "ied", word + "ing")
    elif word.endswith("e"):
        yield from (word + "d", word[:-1] + "ing")
    else:
        yield from (word + "es", word + "ed", word + "ing")
        if word[-1] not in _VOWELS and word[-2] in _VOWELS:
            yield from (word + word[-1] + "ed", word + word[-1] + "ing")
