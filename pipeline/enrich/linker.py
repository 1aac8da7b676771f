"""Whom a post is about: candidates by exact search, then a decision for each.

Handles decide by themselves; names that are ordinary words need evidence (`evidence.py`).  Nobody is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.evidence import CUT, confidence, context, prior, score, shape
from pipeline.enrich.handles import split_hashtag, undecorate
from pipeline.enrich.surfaces import SHARED_HANDLES, Sense, Surfaces, compile_surfaces
from pipeline.enrich.surroundings import Place, Surroundings
from pipeline.enrich.text import HASHTAG, LINK, MENTION, Folded, fold
from pipeline.enrich.words import Kind
from pipeline.messages import EntityRef, LinkHow

MAX_CHARACTERS = 20_000
"""How much of a text is searched."""
MAX_LINKS = 16
"""Entities that one post is linked to at most; the surest are kept."""
MAX_HANDLES = 200
"""Handles, hashtags and sites that are looked up in one post."""

CLEAR = 0.4
"""Nats by which the best of several meanings must lead the next."""
SURE = 1.4
"""Nats from which a sign speaks for doubtful names of the same entity."""
UNCLEAR = 1.5
"""Nats that it loses otherwise."""

_PLATFORMS_TEXT = (
    "amazon.com amazon.co.uk amazon.in amazon.de youtube.com youtu.be facebook.com instagram.com twitter.com "
    "tiktok.com spotify.com apple.com google.com reddit.com linkedin.com ebay.com ebay.co.uk netflix.com"
)
_PLATFORMS = frozenset(_PLATFORMS_TEXT.split())
"""Sites that people point to for what others put there: a link to one says nothing about the company."""
_TICKER_SIGN = re.compile(r"(?<![\w$])\$([A-Za-z]{1,5}(?:\.[A-Za-z])?)\b")
_SHARED_FROM = re.compile(r"\b(?:via|a|on|from) $", re.IGNORECASE)
"""Before a network's handle: where something was shared from, not whom a post is about."""
_ONE_WORD = re.compile(r"\w+")
_HOST = re.compile(r"(?:https?://)?([^\s/?#:]+)", re.IGNORECASE)


class Linked(NamedTuple):
    """An entity that a post is about, and the span of the text that says so."""

    entity: EntityRef
    surface: str
    how: LinkHow
    confidence: float
    start: int
    end: int


class Considered(NamedTuple):
    """A candidate with its log-odds, for a person who asks why."""

    entity: EntityRef
    surface: str
    how: LinkHow
    confidence: float
    start: int
    end: int
    kind: Kind
    linked: bool


class _Found(NamedTuple):
    """A candidate before the decision; places are of the original text."""

    entity: int
    how: LinkHow
    score: float
    start: int
    end: int
    kind: Kind = Kind.DISTINCT


class Linker:
    """Links posts to the entities of a catalogue.

    Guarantees: any Unicode is accepted; spans lie inside the text and `text[start:end]` is the surface; each entity
    comes once; the answer depends on the text and the network alone.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._table: Surfaces = compile_surfaces(catalogue)
        self._refs = [EntityRef(id=e.id, name=e.name) for e in self._table.entities]
        self._decorated = lru_cache(maxsize=50_000)(self._undecorate)
        self._tagged = lru_cache(maxsize=20_000)(self._split)

    def link(self, text: str, network: str = "twitter") -> list[Linked]:
        """The entities that a text is about, in the order in which they are named."""
        return [Linked(*c[:6]) for c in self.consider(text, network) if c.linked]

    def consider(self, text: str, network: str = "twitter") -> list[Considered]:
        """Every candidate, linked or not; of each entity the surest."""
        text = text[:MAX_CHARACTERS]
        found = list(self._from_signs(text, network))
        folded = fold(text)
        hits = self._hits(folded.text)
        if not found and not hits:
            return []
        found += self._decide(text, folded, hits, found)
        return self._settle(text, found)

    def owner(self, handle: str | None, network: str = "twitter") -> Entity | None:
        """The company whose own account this is, by its listed handles only."""
        number = self._listed(handle, network) if handle else None
        return None if number is None else self._table.entities[number]

    def _listed(self, handle: str, network: str) -> int | None:
        name = handle.lstrip("@").lower()
        number = self._table.handles_by_network.get((network, name))
        if number is None and network in SHARED_HANDLES:
            number = self._table.handles.get(name)
        return number

    def _from_signs(self, text: str, network: str) -> Iterable[_Found]:
        """Candidates from handles, hashtags, tickers and links."""
        if "@" in text:
            for place, _ in zip(MENTION.finditer(text), range(MAX_HANDLES), strict=False):
                for one in self._handle(place.group(1), network, place.start(), place.end()):
                    shared = self._is_medium(one.entity) and _SHARED_FROM.search(
                        text, max(0, place.start() - 8), place.start()
                    )
                    yield one._replace(score=-2.0) if shared else one
        if "#" in text or "＃" in text:
            for place, _ in zip(HASHTAG.finditer(text), range(MAX_HANDLES), strict=False):
                yield from self._hashtag(place.group(1), place.start(), place.end())
        if "$" in text:
            for place in _TICKER_SIGN.finditer(text):
                number = self._table.tickers.get(place.group(1).upper())
                if number is not None:
                    yield _Found(number, "name", 2.2, place.start(), place.end())
        if "://" in text or "www." in text:
            for place, _ in zip(LINK.finditer(text), range(MAX_HANDLES), strict=False):
                number = self._site(place.group())
                if number is not None:
                    yield _Found(number, "handle", 1.4, place.start(), place.end())

    def _handle(self, handle: str, network: str, start: int, end: int) -> Iterable[_Found]:
        if network in SHARED_HANDLES:
            handle = _ONE_WORD.match(handle)[0]  # type: ignore[index]
            end = start + 1 + len(handle)
        number = self._listed(handle, network)
        if number is None and network not in SHARED_HANDLES:
            number = self._table.sites.get(handle.lower())
        if number is not None:
            yield _Found(number, "handle", 4.6, start, end)
            return
        guess = self._decorated(handle.partition(".")[0])
        if guess is not None:
            yield _Found(guess[0], "handle", guess[1], start, end)

    def _is_medium(self, number: int) -> bool:
        return "social" in self._table.entities[number].industry

    def _undecorate(self, handle: str) -> tuple[int, float] | None:
        """The company that an unlisted handle names, with the log-odds; None when none does clearly."""
        left = undecorate(handle, self._table.compacts)
        if left is None:
            return None
        bonus = 2.6 if left.service else 0.6 if left.steps else 0.2
        sense, value = self._best_known(self._table.senses[self._table.compacts[left.name]])
        if left.service and len(left.name) > 2:
            bonus += max(0.0, -prior(self._table.entities[sense.entity], sense.kind))
        value += bonus
        return (sense.entity, value) if confidence(value) >= CUT else None

    def _best_known(self, senses: list[Sense]) -> tuple[Sense, float]:
        ranked = sorted((prior(self._table.entities[s.entity], s.kind), -i) for i, s in enumerate(senses))
        value, at = ranked[-1]
        if len(ranked) > 1 and value - ranked[-2][0] < CLEAR:
            value -= UNCLEAR
        return senses[-at], value

    def _hashtag(self, tag: str, start: int, end: int) -> Iterable[_Found]:
        for number, value, kind in self._tagged(tag):
            yield _Found(number, "hashtag", value, start, end, kind)

    def _split(self, tag: str) -> tuple[tuple[int, float, Kind], ...]:
        out = []
        for name, alone, affixed in split_hashtag(tag, self._table.compacts):
            sense, value = self._best_known(self._table.senses[self._table.compacts[name]])
            bonus = 2.4 if affixed else 1.0 if alone else 0.0
            out.append((sense.entity, value + bonus, sense.kind))
        return tuple(out)

    def _site(self, link: str) -> int | None:
        match = _HOST.match(link)
        host = match.group(1).lower().removeprefix("www.") if match else ""
        while "." in host:
            if host in self._table.sites and host not in _PLATFORMS:
                return self._table.sites[host]
            host = host.partition(".")[2]
        return None

    def _hits(self, text: str) -> list[tuple[int, int, int]]:
        """(start, end, form) of names that stand free in folded text; the longest of those that overlap.

        A name inside a handle, a hashtag or a link does not stand free.
        """
        lengths = self._table.lengths
        last = len(text)
        free: list[tuple[int, int, int]] = []
        for stop, form in self._table.find(text):
            end = stop + 1
            if end < last and (text[end].isalnum() or text[end] == "_"):
                continue
            start = end - lengths[form]
            if start and (text[start - 1].isalnum() or text[start - 1] in "@#_$"):
                continue
            free.append((start, end, form))
        if not free:
            return free
        blocked = _signs(text)
        if len(free) > 1:
            free.sort(key=_longest_first)
        out: list[tuple[int, int, int]] = []
        for start, end, form in free[: MAX_HANDLES * 4]:
            for left, right in blocked:
                if end > left and start < right:
                    break
            else:
                blocked.append((start, end))
                out.append((start, end, form))
        return sorted(out)

    def _decide(
        self, text: str, folded: Folded, hits: list[tuple[int, int, int]], signs: list[_Found]
    ) -> Iterable[_Found]:
        """A score for each name found, with the certain ones speaking for the doubtful of the same entity."""
        certain = {found.entity for found in signs if found.score >= SURE}
        doubtful = []
        for start, end, form in hits:
            senses = self._table.senses[form]
            entity = self._table.entities[senses[0].entity]
            if len(senses) > 1 or senses[0].kind is not Kind.DISTINCT or entity.against:
                doubtful.append((start, end, form))
                continue
            certain.add(senses[0].entity)
            left, right = folded.span(start, end)
            yield _Found(senses[0].entity, senses[0].how, prior(entity, Kind.DISTINCT), left, right)
        tags = [f for f in signs if f.how == "hashtag" and f.kind is not Kind.DISTINCT and f.score < SURE]
        if doubtful or tags:
            around = Surroundings(text, folded)
            for tag in tags:
                said = context(self._table.entities[tag.entity], tag.kind, around.words)
                yield tag._replace(score=tag.score + said)
            for start, end, form in doubtful:
                yield self._best_sense(form, start, end, around, certain)

    def _best_sense(self, form: int, start: int, end: int, around: Surroundings, certain: set[int]) -> _Found:
        """The likeliest meaning of a name; less sure when another is nearly as likely."""
        senses = self._table.senses[form]
        left, right = around.folded.span(start, end)
        place = Place(around, start, end)
        shapes = {kind: 0.0 if kind is Kind.DISTINCT else shape(kind, place) for kind in {s.kind for s in senses}}
        best, second, chosen = -99.0, -99.0, senses[0]
        for sense in senses:
            entity = self._table.entities[sense.entity]
            value = score(entity, sense.kind, place, certain, sense.entity) + shapes[sense.kind]
            if value > best:
                best, second, chosen = value, best, sense
            elif value > second:
                second = value
        if best - second < CLEAR:
            best -= UNCLEAR
        return _Found(chosen.entity, chosen.how, best, left, right, chosen.kind)

    def _settle(self, text: str, found: list[_Found]) -> list[Considered]:
        """Of each entity the surest candidate, at most `MAX_LINKS` linked, in order of place."""
        best: dict[int, _Found] = {}
        for one in found:
            if one.entity not in best or one.score > best[one.entity].score:
                best[one.entity] = one
        ranked = sorted(best.values(), key=lambda f: (-f.score, f.start, f.entity))
        out = []
        for rank, one in enumerate(ranked):
            sure = confidence(one.score)
            out.append(
                Considered(self._refs[one.entity], text[one.start : one.end], one.how, sure, one.start, one.end,
                           one.kind, sure >= CUT and rank < MAX_LINKS)
            )  # fmt: skip
        return sorted(out, key=lambda c: (c.start, c.end, c.entity.id))


def _longest_first(hit: tuple[int, int, int]) -> tuple[int, int]:
    return hit[0] - hit[1], hit[0]


def _signs(text: str) -> list[tuple[int, int]]:
    """The spans of handles, hashtags and links in folded text."""
    out: list[tuple[int, int]] = []
    if "://" in text or "www." in text:
        out += [place.span() for place in LINK.finditer(text)]
    if "@" in text:
        out += [place.span() for place in MENTION.finditer(text)]
    if "#" in text:
        out += [place.span() for place in HASHTAG.finditer(text)]
    return out
