"""How surely a name means an entity: log-odds added up from what stands around it.

The weights are set by hand (in nats); the sum goes through the logistic function to a confidence.  A candidate below
`CUT` is not linked: nobody is an answer.
"""

from __future__ import annotations

from collections.abc import Collection
from math import exp

from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.catalogue.industries import BUSINESS_WORDS, INDUSTRY_WORDS, SERVICE_WORDS
from pipeline.enrich.surroundings import Place
from pipeline.enrich.words import Kind

CUT = 0.5

PRIOR = {
    Kind.DISTINCT: 2.2,
    Kind.RARE: 0.5,
    Kind.PHRASE: 0.3,
    Kind.NAME: -1.2,
    Kind.SHORT: -1.3,
    Kind.COMMON: -1.7,
}
FAME = 1.0
"""Nats for a fame of 1."""
LITTLE_KNOWN = -0.8
"""For a name that is no distinct one, of a brand that few know (fame below 0)."""
CERTAIN_ELSEWHERE = 4.0
CUE = 1.6
INDUSTRY = (0.0, 1.2, 1.9, 2.3)
"""For no, one, two, three or more different words of the industry."""
SERVICE = 0.7
BUSINESS = 0.9
COMPANY_BESIDE = 1.0
"""Another company is named beyond doubt, and this name has a capital."""
AGAINST = -4.0
CAPITAL = 1.3
CAPITAL_OF_NAME = 0.4
CAPITAL_AT_START = 0.2
LOWER_AMONG_CAPITALS = -0.8
LOWER_RARE = -0.3
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
END_OF_NAME = -1.0

_NONE: frozenset[str] = frozenset()
_DETERMINERS = frozenset(["a", "an", "the", "this", "that", "these", "those", "every", "each", "no", "any", "some"])
_OWNERS = frozenset(["your", "our", "my", "his", "her", "their", "its"])
_MOTION_TEXT = (
    "go going goes went gone run ran running trip drive drove head headed heading off switch switched switching "
    "moved moving changed thanks thank shame kudos props back"
)
_MOTION = frozenset(_MOTION_TEXT.split())
_PREPOSITIONS = frozenset(["at", "from", "via", "@", "with", "using", "by"])


def confidence(score: float) -> float:
    """Probability for log-odds, to three places."""
    return round(1.0 / (1.0 + exp(-max(-30.0, min(30.0, score)))), 3)


def prior(entity: Entity, kind: Kind) -> float:
    """Log-odds before anything around the name is looked at."""
    little_known = LITTLE_KNOWN if entity.fame < 0.0 and kind not in (Kind.DISTINCT, Kind.RARE) else 0.0
    return PRIOR[kind] + FAME * entity.fame + little_known


def score(entity: Entity, kind: Kind, place: Place, certain: Collection[int], number: int) -> float:
    """Log-odds that what stands at `place`, a name of that `kind`, means `entity`, which is `number`.

    `certain` are the numbers of the entities that the post names beyond doubt (a handle, a product, its site).
    """
    total = prior(entity, kind)
    if entity.against and any(word in entity.against for word in place.before[-2:] + place.after[:3]):
        total += AGAINST
    if kind is Kind.DISTINCT:
        return total
    if number in certain:
        total += CERTAIN_ELSEWHERE
    elif certain and place.capital:
        total += COMPANY_BESIDE
    return total + context(entity, kind, place.around.words, place.after[0] if place.after else "")


def context(entity: Entity, kind: Kind, words: frozenset[str], following: str = "") -> float:
    """What the words of a post say for an entity; `following` is the word right after its name."""
    total = CUE if entity.cues and not words.isdisjoint(entity.cues) else 0.0
    own = entity.name.lower()
    hits: set[str] = set()
    for name in entity.industry:
        hits |= INDUSTRY_WORDS.get(name, _NONE) & words
    if hits:
        hits = {word for word in hits if word not in own}
    industry = INDUSTRY[min(len(hits), 3)] + (BESIDE_INDUSTRY if following in hits else 0.0)
    if not SERVICE_WORDS.isdisjoint(words) and (SERVICE_WORDS & words) - hits:
        industry += SERVICE
    if not BUSINESS_WORDS.isdisjoint(words):
        industry += BUSINESS
    return total + (industry * UNKNOWN_BRAND if kind is Kind.COMMON and entity.fame <= 0.0 else industry)


def shape(kind: Kind, place: Place) -> float:
    """What capitals and the words beside a name say, whichever entity it may mean."""
    around, surface, capital = place.around, place.surface, place.capital
    total = _letters(kind, place)
    previous = place.before[-1] if place.before else ""
    if previous in _DETERMINERS:
        total += DETERMINER_CAPITAL if capital and around.has_case and not place.at_start else DETERMINER
    elif previous in _OWNERS:
        total += OWNER
    elif previous in _PREPOSITIONS:
        total += PREPOSITION
    elif previous == "to" and len(place.before) > 1 and place.before[-2] in _MOTION:
        total += MOTION
    elif previous == "to" and not capital:
        total += INFINITIVE
    if place.possessive:
        total += POSSESSIVE
    if kind is not Kind.PHRASE and capital and around.has_case:
        follows = place.title_follows
        named_on = follows and follows not in SERVICE_WORDS and " " not in surface
        total += (PART_OF_NAME if named_on else 0.0) + (END_OF_NAME if place.title_precedes else 0.0)
    return total


def _letters(kind: Kind, place: Place) -> float:
    """What capitals say."""
    around, surface = place.around, place.surface
    if around.shouting:
        return 0.0
    if len(surface) <= 4 and surface.isupper():
        return ALL_CAPITALS_SHORT
    if not around.has_case:
        return 0.0
    if " " in surface and surface.title() == surface:
        return CAPITAL
    if not place.capital:
        return LOWER_RARE if kind is Kind.RARE else LOWER_AMONG_CAPITALS
    if place.at_start:
        return CAPITAL_AT_START
    return CAPITAL_OF_NAME if kind is Kind.NAME else CAPITAL
