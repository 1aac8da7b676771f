"""Candidates from marked names: handles, hashtags, tickers, links to a company's site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from pipeline.contracts.values import LinkHow
from pipeline.enrich.catalogue.entities import SHARED_HANDLES
from pipeline.enrich.linking.handles import split_hashtag, undecorate
from pipeline.enrich.linking.log_odds import CUT, confidence, prior
from pipeline.enrich.linking.platforms import NETWORK, as_handle, as_tag
from pipeline.enrich.linking.surfaces import Sense, Surfaces
from pipeline.enrich.spelling.names import Kind
from pipeline.text.clean import HASHTAG, LINK, MENTION

MAX_MARKERS = 200
"""Handles, hashtags, tickers and links that are each looked up in one post."""
MAX_TAG_LETTERS = 1_000
"""Letters of the hashtags that are looked up in one post: splitting one costs as much as linking a post."""
MAX_HANDLE = 253
"""Longest handle that is looked up, in characters: that of a domain name."""

CLEAR = 0.4
"""Nats by which the best of several meanings must lead the next."""
SURE = 1.4
"""Nats from which a sign speaks for doubtful names of the same entity."""
UNCLEAR = 1.5
"""Nats that it loses otherwise."""

LISTED = 4.6
"""Nats of a listed handle."""
TICKER = 2.2
SITE = 1.4
SERVICE_HANDLE, DECORATED_HANDLE, PLAIN_HANDLE = 2.6, 0.6, 0.2
"""Nats that an unlisted handle adds to the name in it: with `support` or the like, with `uk`, with nothing."""
SHORT_REST = -3.5
"""For a decorated handle in which three letters are left or fewer: `gmcuk`."""
SHOUTED_TAG, WHOLE_TAG = 2.4, 1.0
"""The same for a hashtag that shouts at the name, and for one that is the name."""

_PLATFORMS_TEXT = (
    "amazon.com amazon.co.uk amazon.in amazon.de youtube.com youtu.be facebook.com instagram.com twitter.com "
    "tiktok.com spotify.com apple.com google.com reddit.com linkedin.com ebay.com ebay.co.uk netflix.com"
)
_PLATFORMS = frozenset(_PLATFORMS_TEXT.split())
"""Sites that people point to for what others put there: a link to one says nothing about the company."""
_TICKER_SIGN = re.compile(r"(?<![\w$])\$([A-Za-z]{1,5}(?:\.[A-Za-z])?)\b")
_WORD = re.compile(r"\w+")
_HOST = re.compile(r"(?:https?://)?([^\s/?#:]+)", re.IGNORECASE)


class LinkCandidate(NamedTuple):
    """A candidate before the decision; places are of the original text, `read` is what of the score a reader said."""

    entity: int
    how: LinkHow
    score: float
    start: int
    end: int
    kind: Kind = Kind.DISTINCT
    read: float = 0.0


class Markers:
    """Finds marked names; remembers what it made of the handles and hashtags that it met."""

    def __init__(self, table: Surfaces) -> None:
        self._table = table
        self._decorated = lru_cache(maxsize=50_000)(self._undecorate)
        self._tagged = lru_cache(maxsize=20_000)(self._split)

    def listed(self, handle: str, network: str) -> int | None:
        """The entity that lists this handle as its own."""
        name = handle.lstrip("@").lower()
        number = self._table.handles_by_network.get((network, name))
        if number is None and network in SHARED_HANDLES:
            number = self._table.handles.get(name)
        return number

    def find(self, text: str, network: str) -> Iterator[LinkCandidate]:
        """Candidates from handles, hashtags, tickers and links, in this order."""
        if "@" in text:
            for match in islice(MENTION.finditer(text), MAX_MARKERS):
                for candidate in self._handle(match.group(1), network, match.start(), match.end()):
                    if NETWORK in self._table.entities[candidate.entity].industry:
                        candidate = candidate._replace(
                            score=candidate.score + as_handle(text, candidate.start, candidate.end)
                        )
                    yield candidate
        if "#" in text or "＃" in text:
            letters = 0
            for match in islice(HASHTAG.finditer(text), MAX_MARKERS):
                letters += match.end() - match.start()
                if letters > MAX_TAG_LETTERS:
                    break
                for number, value, kind in self._tagged(match.group(1)):
                    if NETWORK in self._table.entities[number].industry:
                        value += as_tag(text)
                    yield LinkCandidate(number, "hashtag", value, match.start(), match.end(), kind)
        if "$" in text:
            for match in islice(_TICKER_SIGN.finditer(text), MAX_MARKERS):
                company = self._table.tickers.get(match.group(1).upper())
                if company is not None:
                    yield LinkCandidate(company, "name", TICKER, match.start(), match.end())
        if "://" in text or "www." in text:
            for match in islice(LINK.finditer(text), MAX_MARKERS):
                owner = self._site(match.group())
                if owner is not None:
                    yield LinkCandidate(owner, "handle", SITE, match.start(), match.end())

    def _handle(self, handle: str, network: str, start: int, end: int) -> Iterable[LinkCandidate]:
        word = _WORD.match(handle)
        if network in SHARED_HANDLES and word is not None:
            handle, end = word.group(), start + 1 + word.end()
        if len(handle) > MAX_HANDLE:
            return
        number = self.listed(handle, network)
        if number is None and network not in SHARED_HANDLES:
            number = self._table.sites.get(handle.lower())
        if number is not None:
            yield LinkCandidate(number, "handle", LISTED, start, end)
            return
        guess = self._decorated(handle.partition(".")[0])
        if guess is not None:
            yield LinkCandidate(guess[0], "handle", guess[1], start, end)

    def _undecorate(self, handle: str) -> tuple[int, float] | None:
        """The company that an unlisted handle names, with the log-odds; None when none does clearly."""
        left = undecorate(handle, self._table.compacts)
        if left is None:
            return None
        bonus = SERVICE_HANDLE if left.service else DECORATED_HANDLE if left.steps else PLAIN_HANDLE
        sense, value = self._best_known(self._table.senses[self._table.compacts[left.name]])
        if left.steps and not left.service and len(left.name) <= 3:
            bonus += SHORT_REST
        if left.service and len(left.name) > 2:
            bonus += max(0.0, -prior(self._table.entities[sense.entity], sense.kind))
        value += bonus
        return (sense.entity, value) if confidence(value) >= CUT else None

    def _best_known(self, senses: list[Sense]) -> tuple[Sense, float]:
        """The meaning that is likeliest without a context, less sure when another is nearly as likely."""
        ranked = sorted((prior(self._table.entities[s.entity], s.kind), -i) for i, s in enumerate(senses))
        value, at = ranked[-1]
        if len(ranked) > 1 and value - ranked[-2][0] < CLEAR:
            value -= UNCLEAR
        return senses[-at], value

    def _split(self, tag: str) -> tuple[tuple[int, float, Kind], ...]:
        """The companies in a hashtag, with log-odds before any context."""
        out = []
        for name, alone, affixed in split_hashtag(tag, self._table.compacts):
            sense, value = self._best_known(self._table.senses[self._table.compacts[name]])
            bonus = SHOUTED_TAG if affixed else WHOLE_TAG if alone else 0.0
            out.append((sense.entity, value + bonus, sense.kind))
        return tuple(out)

    def _site(self, link: str) -> int | None:
        """The entity whose site, or a part of it, a link points to."""
        match = _HOST.match(link)
        host = match.group(1)[:MAX_HANDLE].lower().removeprefix("www.") if match else ""
        while "." in host:
            if host in self._table.sites and host not in _PLATFORMS:
                return self._table.sites[host]
            host = host.partition(".")[2]
        return None


def spans(text: str) -> list[tuple[int, int]]:
    """The spans of handles, hashtags and links: a name inside one does not stand free."""
    out: list[tuple[int, int]] = []
    if "://" in text or "www." in text:
        out += [match.span() for match in LINK.finditer(text)]
    if "@" in text:
        out += [match.span() for match in MENTION.finditer(text)]
    if "#" in text:
        out += [match.span() for match in HASHTAG.finditer(text)]
    return out
