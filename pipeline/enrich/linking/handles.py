"""Brand names inside handles and hashtags, without their usual decorations.

`AppleSupport`, `AskTarget`, `comcastcares`, `British_Airways`, `AldiUK`: companies put a word before or after their
name.  `#BoycottAcmeAir`: people put theirs into a hashtag.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container
from typing import NamedTuple

from pipeline.enrich.spelling.hashtags import split_words
from pipeline.text.clean import compact

_SERVICE_BEFORE: tuple[str, ...] = ("ask", "help", "support", "contact")
_SERVICE_AFTER: tuple[str, ...] = (
    "customerservice", "customersupport", "customercare", "customerhelp", "custserv", "custsvc", "custcare",
    "helpteam", "helpdesk", "helpers", "helper", "helps", "help", "supports", "support", "cares", "care", "assist",
    "assists", "service", "services", "servicedesk", "answers", "responds", "listens", "enquiries", "enq", "cs",
)  # fmt: skip
_OTHER_BEFORE: tuple[str, ...] = (
    "the",
    "official",
    "my",
    "get",
    "we",
    "team",
    "hey",
    "hello",
    "go",
    "real",
    "fly",
    "shop",
)
_OTHER_AFTER: tuple[str, ...] = (
    "official", "tweets", "news", "newsroom", "media", "press", "pr", "hq", "global", "online", "store", "stores",
    "app", "uk", "gb", "us", "usa", "ca", "canada", "in", "india", "au", "australia", "aus", "nz", "ie", "ireland",
    "de", "fr", "es", "za", "sg", "ph", "inc", "plc", "corp", "co", "group", "company", "tv", "status", "careers",
    "jobs", "eu", "europe", "me", "ng", "ke", "world", "team",
)  # fmt: skip
_AFFIXES_TEXT = (
    "boycott cancel stop stopthe fuck screw delete quit dump hate love leave never no not bye goodbye shameon "
    "shame fire ban sue save fix thank thanks thankyou hey dear team why free against antithe anti fail fails "
    "failed failure sucks suck sux down outage outages scam scams scandal fraud lies lied kills isdown "
    "isoverparty isover is over party problems problem issues issue complaint complaints customerservice service "
    "support help worst theworst the sucksass boycotts hack hacked breach leak strike strikes layoffs gate crash"
)
_AFFIXES = frozenset(_AFFIXES_TEXT.split())
_WEAK_AFFIXES_TEXT = (
    "the is over not no never bye love my why free team dear hey gate party leave save help support hate"
)
_WEAK_AFFIXES = frozenset(_WEAK_AFFIXES_TEXT.split())
"""Affixes that stand beside any word: `#monsterlove` says nothing of a company."""
_PLAIN_AFFIXES = frozenset(("news", "stock", "store", "app", "uk", "us", "usa", "india", "deals", "fan", "fans"))
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")


NAME_AMID_WORDS = 4
"""Letters that a name must have to be found amid other words that no capital parts."""


class Decorated(NamedTuple):
    """The name that is left, and whether a decoration says that a company's service speaks."""

    name: str
    service: bool
    steps: int


def undecorate(handle: str, names: Container[str]) -> Decorated | None:
    """The longest name of `names` (compact forms) that a handle holds between decorations, or None."""
    whole = compact(handle)
    queue = [Decorated(whole, False, 0)]
    seen = {whole}
    while queue:
        current = queue.pop(0)
        if current.name in names:
            return current
        if current.steps == 3:
            continue
        for following in _strip(current):
            if len(following.name) >= 2 and following.name not in seen:
                seen.add(following.name)
                queue.append(following)
        queue.sort(key=lambda d: (d.steps, -len(d.name)))
    return None


def _strip(current: Decorated) -> list[Decorated]:
    name, service, steps = current
    out = []
    for words, is_service in ((_SERVICE_BEFORE, True), (_OTHER_BEFORE, False)):
        out += [Decorated(name[len(w) :], service or is_service, steps + 1) for w in words if name.startswith(w)]
    for words, is_service in ((_SERVICE_AFTER, True), (_OTHER_AFTER, False)):
        out += [Decorated(name[: -len(w)], service or is_service, steps + 1) for w in words if name.endswith(w)]
    return out


class Tagged(NamedTuple):
    """A name found in a hashtag; `alone` when it is all of it, `affixed` when the rest is what people shout."""

    name: str
    alone: bool
    affixed: bool


def split_hashtag(tag: str, names: Container[str]) -> list[Tagged]:
    """The names (compact forms) in a hashtag without its sign, longest first where they overlap.

    Words are told apart by capitals, digits and underscores; without capitals, by what people shout before or after a
    brand (`boycottacmeair`), else by the likeliest split, if nothing in it is unknown (`hashtags.split_words`).
    """
    whole = compact(tag)
    if whole in names:
        return [Tagged(whole, True, False)]
    words = [compact(word) for word in _CAMEL.findall(tag)]
    if len(words) > 1:
        return _runs(words, names)
    return _shouted(whole, names) or _likeliest(whole, names)


def _likeliest(whole: str, names: Container[str]) -> list[Tagged]:
    pieces = split_words(whole, names)
    if not all(piece.known for piece in pieces):
        return []
    return [Tagged(piece.text, False, False) for piece in pieces if piece.name and len(piece.text) >= NAME_AMID_WORDS]


def _affixed(words: Collection[str]) -> bool:
    """Whether all that is left are words that people shout at companies, and one of them at nobody else."""
    return bool(words) and all(w in _AFFIXES for w in words) and not all(w in _WEAK_AFFIXES for w in words)


def _runs(words: list[str], names: Container[str]) -> list[Tagged]:
    found: list[Tagged] = []
    rest: list[str] = []
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + 6), at, -1):
            name = "".join(words[at:end])
            if len(name) >= 2 and name in names:
                found.append(Tagged(name, False, False))
                at = end
                break
        else:
            rest.append(words[at])
            at += 1
    affixed = _affixed(rest)
    return [tagged._replace(affixed=affixed) for tagged in found]


def _shouted(whole: str, names: Container[str]) -> list[Tagged]:
    for left in range(len(whole)):
        if left and whole[:left] not in _AFFIXES:
            continue
        for right in range(len(whole), left + 2, -1):
            tail = whole[right:]
            if (tail and tail not in _AFFIXES and tail not in _PLAIN_AFFIXES) or (not left and not tail):
                continue
            if whole[left:right] in names:
                return [Tagged(whole[left:right], False, _affixed([w for w in (whole[:left], tail) if w]))]
    return []
