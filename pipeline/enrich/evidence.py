"""How surely a name means an entity: log-odds added up from what stands around it.

The weights are set by hand (in nats); the sum goes through the logistic function to a confidence.  A candidate below
`CUT` is not linked: nobody is an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import exp

from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.catalogue.industries import INDUSTRY_WORDS, SERVICE_WORDS
from pipeline.enrich.text import Folded
from pipeline.enrich.words import Kind

CUT = 0.5

PRIOR = {Kind.DISTINCT: 2.2, Kind.PHRASE: 0.3, Kind.NAME: -1.2, Kind.SHORT: -1.3, Kind.COMMON: -1.7}
FAME = 1.0
"""Nats for a fame of 1."""
CERTAIN_ELSEWHERE = 4.0
CUE = 1.6
INDUSTRY = (0.0, 1.2, 1.9, 2.3)
"""For no, one, two, three or more different words of the industry."""
SERVICE = 0.7
AGAINST = -2.5
CAPITAL = 1.3
CAPITAL_AT_START = 0.2
LOWER_AMONG_CAPITALS = -0.8
ALL_CAPITALS_SHORT = 1.5
PREPOSITION = 0.8
POSSESSIVE = 0.5
DETERMINER = -1.6
OWNER = -0.3
BESIDE_INDUSTRY = 1.0
MOTION = 1.6
UNKNOWN_BRAND = 0.6
"""Share of what industry words say for a common word that is the name of a brand few know."""
DETERMINER_CAPITAL = -0.3
INFINITIVE = -1.2
PART_OF_NAME = -1.2

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_DETERMINERS = frozenset(["a", "an", "the", "this", "that", "these", "those", "every", "each", "no", "any", "some"])
_OWNERS = frozenset(["your", "our", "my", "his", "her", "their", "its"])
_MOTION_TEXT = (
    "go going goes went gone run ran running trip drive drove head headed heading off switch switched switching "
    "moved moving changed thanks thank shame kudos props back"
)
_MOTION = frozenset(_MOTION_TEXT.split())
_PREPOSITIONS = frozenset(["at", "from", "via", "@", "with", "using", "by"])
_START = re.compile(r"(?:^|[.!?:\n…\"“(|])\s*(?:[.@]+\w+:?\s+)*$")


@dataclass(eq=False)
class Surroundings:
    """A post's text, with what evidence asks of it worked out once."""

    text: str
    folded: Folded

    @cached_property
    def places(self) -> list[tuple[int, int, str]]:
        """Start, end and word of every word of the folded text."""
        return [(m.start(), m.end(), m.group()) for m in _WORD.finditer(self.folded.text)]

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word.removesuffix("'s") for _, _, word in self.places)

    @cached_property
    def has_case(self) -> bool:
        """Whether capitals say something: some words have one, and most have none."""
        words = [self.text[slice(*self.folded.span(s, e))] for s, e, _ in self.places[:200]]
        capital = sum(1 for word in words if word[:1].isupper())
        return len(words) > 2 and 0 < capital <= 0.6 * len(words)

    @cached_property
    def shouting(self) -> bool:
        """Whether (nearly) all letters are capitals."""
        letters = [c for c in self.text[:1000] if c.isalpha()]
        return len(letters) > 6 and sum(c.isupper() for c in letters) > 0.8 * len(letters)


def confidence(score: float) -> float:
    """Probability for log-odds, to three places."""
    return round(1.0 / (1.0 + exp(-max(-30.0, min(30.0, score)))), 3)


def score(entity: Entity, kind: Kind, start: int, end: int, around: Surroundings, *, certain: bool) -> float:
    """Log-odds that the folded text's `start:end`, a name of that `kind`, means `entity`.

    `certain` says that the post names the entity beyond doubt elsewhere (a handle, a product, its site).
    """
    total = PRIOR[kind] + FAME * entity.fame
    if certain:
        total += CERTAIN_ELSEWHERE
    before, after = _neighbours(around, start, end)
    if entity.against and any(word in entity.against for word in before[-2:] + after[:3]):
        total += AGAINST
    if kind is Kind.DISTINCT:
        return total
    own = set(entity.cues)
    total += CUE * bool(own & around.words)
    industry = _industry(entity, around, after)
    total += industry * UNKNOWN_BRAND if kind is Kind.COMMON and entity.fame <= 0.0 else industry
    return total + _shape(kind, start, end, around, before, after)


def _neighbours(around: Surroundings, start: int, end: int) -> tuple[list[str], list[str]]:
    before = [word for _, e, word in around.places if e <= start]
    after = [word for s, _, word in around.places if s >= end]
    return before[-4:], after[:4]


def _industry(entity: Entity, around: Surroundings, after: list[str]) -> float:
    """What words of the entity's industry say, most of all the one that follows, and words of any company's."""
    hits: set[str] = set()
    for name in entity.industry:
        hits |= INDUSTRY_WORDS.get(name, frozenset()) & around.words
    hits -= set(entity.name.lower().split())
    value = INDUSTRY[min(len(hits), 3)] + (BESIDE_INDUSTRY if after and after[0] in hits else 0.0)
    return value + (SERVICE if (SERVICE_WORDS - hits) & around.words else 0.0)


def _shape(kind: Kind, start: int, end: int, around: Surroundings, before: list[str], after: list[str]) -> float:
    """What capitals and the words beside it say."""
    left, right = around.folded.span(start, end)
    surface = around.text[left:right]
    capital = surface[:1].isupper()
    at_start = _START.search("x" * (left > 80) + around.text[max(0, left - 80) : left]) is not None
    previous = before[-1] if before else ""
    total = 0.0
    if len(surface) <= 4 and surface.isupper() and not around.shouting:
        total += ALL_CAPITALS_SHORT
    elif " " in surface and around.has_case and surface.title() == surface:
        total += CAPITAL
    elif around.has_case and not around.shouting:
        if capital and not at_start:
            total += CAPITAL if kind is not Kind.NAME else 0.4
        elif capital:
            total += CAPITAL_AT_START
        else:
            total += LOWER_AMONG_CAPITALS
    if previous in _DETERMINERS:
        total += DETERMINER_CAPITAL if capital and around.has_case and not at_start else DETERMINER
    if previous in _OWNERS:
        total += OWNER
    if previous in _PREPOSITIONS:
        total += PREPOSITION
    if previous == "to" and len(before) > 1 and before[-2] in _MOTION:
        total += MOTION
    elif previous == "to" and not capital:
        total += INFINITIVE
    if around.folded.text[end : end + 2] == "'s":
        total += POSSESSIVE
    if kind in (Kind.NAME, Kind.COMMON) and capital and _beside_capital(around.text, left, right):
        total += PART_OF_NAME
    return total


def _beside_capital(text: str, left: int, right: int) -> bool:
    """Whether the next word has a capital too, as in `Target Field` or `Wendy Williams`."""
    following = re.match(r" ([A-Z][a-z]+)", text[right : right + 20])
    return following is not None and following.group(1).lower() not in SERVICE_WORDS
