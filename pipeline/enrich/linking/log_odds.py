"""Log-odds that a name means an entity, added up from its context.

The weights are set by hand (in nats); `calibration.py` makes a confidence of the sum.  A candidate below the cut is not
linked: nobody is an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import log
from typing import NamedTuple

from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.linking.calibration import logistic, shipped
from pipeline.enrich.linking.context import Occurrence
from pipeline.enrich.linking.lexicon import Lexicon, PostWords
from pipeline.enrich.linking.platforms import NETWORK
from pipeline.enrich.linking.surfaces import Sense
from pipeline.enrich.spelling.names import Kind

_CALIBRATION = shipped()
_AT_COMMON = (log(_CALIBRATION.cut / (1.0 - _CALIBRATION.cut)) - _CALIBRATION.intercept) / _CALIBRATION.slope
CUT = 0.5
"""Even odds, for names that are no ordinary words."""

PRIOR = (-1.7, -1.3, -1.5, 0.3, -0.8, 2.2)
"""By kind of name, in the order of `Kind`: a common word, a short, a person's or place's, a phrase, rare, distinct."""
FAME = 1.0
"""Nats for a fame of 1."""
LITTLE_KNOWN = -1.3
"""For a name that is no distinct one, of a brand that few know (fame below 0)."""
CERTAIN_ELSEWHERE = 4.0
RIVAL = 1.2
"""The post names another company of the same industry beyond doubt."""
CUE = (0.0, 1.6, 2.4, 2.9)
"""For no, one, two, three or more different words that speak for the entity."""
HOMONYM = (0.0, -1.6, -2.6, -3.2)
"""The same for words that speak for another meaning."""
DEALING = (0.0, 0.5, 0.8)
LETTER = -1.8
"""For a name of one letter."""
MOSTLY = -1.6
"""For a name that mostly means the entity, but not always: `amazon`."""
COUNTED = frozenset(("car", "drink"))
COUNTED_NOUN = 1.6
"""`a corona`, `his jaguar`: what is sold by the piece may have an article."""
USED_ON = frozenset(("software", "streaming", "social", "payments"))
ON_SERVICE = 1.2
"""`on slack`, `on twitch`."""
PRESS = "press"
SOURCE = 1.8
"""`| Guardian http://…`, `(Independent)`: where a paper's article is pointed to."""
INDUSTRY = (0.0, 1.2, 1.9, 2.3)
"""For no, one, two, three or more different words of the industry."""
SERVICE = 0.7
BUSINESS = 0.9
COMPANY_BESIDE = 1.0
"""Another company is named beyond doubt, and this name has a capital."""
AGAINST = -4.0
BESIDE_INDUSTRY = 1.0
UNKNOWN_BRAND = 0.6
"""Share of what industry words say for a common word that is the name of a brand few know."""
_COUNTING = frozenset(["a", "an", "my", "his", "her", "our", "your", "their", "the", "another", "some", "this", "that"])
_TELLING = _COUNTING | {"on"}


class Certain(NamedTuple):
    """Numbers of the entities that a post names beyond doubt (a handle, a product, a site), and their industries."""

    entities: frozenset[int]
    industries: frozenset[str]


_COMMON, _DISTINCT, _RARE = Kind.COMMON, Kind.DISTINCT, Kind.RARE
"""Members at hand: looking one up costs as much as a comparison of words."""


_NOTHING = Certain(frozenset(), frozenset())


def certain_of(numbers: Iterable[int], entities: list[Entity]) -> Certain:
    """What is certain in a post."""
    certain = frozenset(numbers)
    if not certain:
        return _NOTHING
    return Certain(certain, frozenset(name for number in certain for name in entities[number].industry))


def confidence(score: float, kind: Kind = Kind.DISTINCT) -> float:
    """Probability for log-odds, to three places; calibrated for ordinary words."""
    if kind is _COMMON:
        score = _CALIBRATION.slope * score + _CALIBRATION.intercept
    return round(logistic(score), 3)


def cut(kind: Kind) -> float:
    """The confidence from which a name of this kind is linked."""
    return _CALIBRATION.cut if kind is _COMMON else CUT


def decide(score: float, kind: Kind) -> tuple[float, bool, float]:
    """The confidence, whether it is enough, and the log-odds to three places."""
    return _decide(score, kind is _COMMON)


@lru_cache(maxsize=1 << 16)
def _decide(score: float, common: bool) -> tuple[float, bool, float]:
    """Sums of the same weights come again and again: remembering them saves a sixth of all linking."""
    kind = _COMMON if common else _DISTINCT
    sure = confidence(score, kind)
    return sure, sure >= cut(kind), round(score, 3)


def at(kind: Kind) -> float:
    """The log-odds from which a name of this kind is linked."""
    return _AT_COMMON if kind is _COMMON else 0.0


def prior(entity: Entity, kind: Kind) -> float:
    """Log-odds before anything around the name is looked at."""
    little_known = LITTLE_KNOWN if entity.fame < 0.0 and kind < _RARE else 0.0
    return PRIOR[kind] + FAME * entity.fame + little_known


def unknown(entity: Entity, kind: Kind) -> bool:
    """Whether a name is an ordinary word and few know the brand that is called so."""
    return kind is _COMMON and entity.fame <= 0.0


class Meaning:
    """What a name may mean, with all that decides on it and is the same in every post: worked out once.

    `others`: the name has further meanings for which exactly the same counts.
    """

    __slots__ = (
        "clear", "entity", "kind", "lexicon", "mostly", "names_platform", "others", "press", "prior", "sense",
        "unknown",
    )  # fmt: skip

    def __init__(self, sense: Sense, entity: Entity, lexicon: Lexicon, others: bool) -> None:
        self.sense, self.entity, self.lexicon, self.others = sense, entity, lexicon, others
        self.kind = kind = sense.kind
        self.prior = prior(entity, kind)
        self.clear = kind is _DISTINCT
        """Words of the post do not count for it, unless it is `mostly` so only."""
        self.mostly = entity.name.lower() if self.clear and lexicon.homonym and not entity.ambiguous else ""
        """The name, in lower case, that has another meaning now and then."""
        self.press = PRESS in entity.industry
        self.names_platform = self.clear and sense.how == "name" and NETWORK in entity.industry
        """It names a network, which may be meant as a place."""
        self.unknown = unknown(entity, kind)


def score(meaning: Meaning, occurrence: Occurrence, certain: Certain) -> float:
    """Log-odds that what stands at `occurrence` has this meaning."""
    total = meaning.prior
    lexicon = meaning.lexicon
    if (lexicon.against or lexicon.adjacent) and _said_against(lexicon, occurrence):
        total += AGAINST
    if meaning.clear:
        if not meaning.mostly or occurrence.surface.lower() != meaning.mostly:
            return total
        total += MOSTLY
    industry = meaning.entity.industry
    if occurrence.previous in _TELLING or len(occurrence.surface) == 1:
        total += _use(industry, occurrence)
    if meaning.press and occurrence.is_source:
        total += SOURCE
    if certain.entities:
        if meaning.sense.entity in certain.entities:
            total += CERTAIN_ELSEWHERE
        else:
            total += COMPANY_BESIDE if occurrence.capital and not occurrence.title_follows else 0.0
            total += 0.0 if certain.industries.isdisjoint(industry) else RIVAL
    return total + context(industry, lexicon, meaning.unknown, occurrence.around.talk, occurrence.following)


def _said_against(lexicon: Lexicon, occurrence: Occurrence) -> bool:
    """Whether a word beside the name says that it means something else."""
    if lexicon.against and not lexicon.against.isdisjoint(occurrence.before[-2:] + occurrence.after[:3]):
        return True
    return bool(lexicon.adjacent) and not lexicon.adjacent.isdisjoint(occurrence.before[-1:] + occurrence.after[:1])


def _use(industry: tuple[str, ...], occurrence: Occurrence) -> float:
    """What the word before a name says, by what the company sells."""
    total = LETTER if len(occurrence.surface) == 1 else 0.0
    previous = occurrence.previous
    if previous in _COUNTING and not COUNTED.isdisjoint(industry):
        total += COUNTED_NOUN
    elif previous == "on" and not USED_ON.isdisjoint(industry):
        total += ON_SERVICE
    return total


def context(industry: tuple[str, ...], lexicon: Lexicon, unknown: bool, talk: PostWords, following: str = "") -> float:
    """What the words of a post say for an entity of an industry; `following` is the word right after its name."""
    hits = talk.of_industry(industry, lexicon.industry)
    if lexicon.cues or lexicon.homonym or (lexicon.named and not lexicon.named.isdisjoint(hits)):
        return _context(lexicon, unknown, talk, following, hits)
    key = (industry, unknown, following in hits)
    known = talk.known.get(key)
    if known is None:
        known = talk.known[key] = _context(lexicon, unknown, talk, following, hits)
    return known


def _context(lexicon: Lexicon, unknown: bool, talk: PostWords, following: str, hits: frozenset[str]) -> float:
    cues = lexicon.cues & talk.words
    total = CUE[min(len(cues), 3)]
    if lexicon.homonym:
        total += HOMONYM[min(len(lexicon.homonym & talk.words), 3)]
    if hits:
        hits = hits - lexicon.named - cues - lexicon.homonym
    industry = INDUSTRY[min(len(hits), 3)]
    if talk.service and talk.service - hits - cues:
        industry += SERVICE
    if talk.business:
        industry += BUSINESS
    if talk.dealings:
        industry += DEALING[min(len(talk.dealings - hits - cues), 2)]
    if following in hits or following in cues:
        industry += BESIDE_INDUSTRY
    return total + (industry * UNKNOWN_BRAND if unknown else industry)
