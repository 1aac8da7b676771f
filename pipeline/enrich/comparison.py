"""Comparisons between companies: "switched from A to B", "A is better than B", "A vs B".

Patterns over the text with the companies' names taken out; a gap stays within a sentence and passes over no third
company.  Merely naming two is no comparison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

MAX_CHARACTERS = 20_000
"""How much of a text is looked at."""
MAX_COMPANIES = 16

_FIRST = 0xE000
"""Companies stand in the text as characters of the private use area."""
_ORG = "([\ue000-\ue00f])(?:['’]s)?"
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_CHANGE = r"\b(?:switch|mov|migrat|chang|port|convert|jump|defect|transfer|upgrad|downgrad|go|gone|went)\w{0,4}\b"
_GIVE_UP = r"\b(?:leav|left|ditch|dump|drop|quit|cancel|swap|trad|replac|exchang|abandon|return)\w{0,5}\b"
_AND_WENT = r"and (?:join|went|mov|switch|go|gone)\w{0,4}"
_LIKE = r"\b(?:prefer|choos|chose|pick|recommend|trust|rather|tak|lov|lik|us)\w{0,5}\b"
_MORE_TEXT = (
    r"better|worse|cheaper|pricier|faster|slower|nicer|ruder|safer|easier|harder|smoother|friendlier|cleaner|"
    r"more \w{1,20}|less \w{1,20}"
)
_MORE = rf"\b(?:{_MORE_TEXT})\b"
_ANY_MORE = rf"\b(?:{_MORE_TEXT}|\w{{3,12}}er)\b"


def _gap(most: int) -> str:
    return r"[^.!?\n\ue000-\ue00f]{0," + str(most) + "}?"


_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_CHANGE}{_gap(40)}\bfrom\b{_gap(20)}{_ORG}{_gap(30)}\bto\b{_gap(20)}{_ORG}",
        rf"{_CHANGE}{_gap(40)}\bto\b{_gap(20)}{_ORG}{_gap(30)}\bfrom\b{_gap(20)}{_ORG}",
        rf"\bfrom {_gap(12)}{_ORG} to {_gap(12)}{_ORG}",
        rf"{_GIVE_UP}{_gap(20)}{_ORG}{_gap(30)}\b(?:for|with|{_AND_WENT}){_gap(25)}{_ORG}",
        rf"{_ORG}{_gap(60)}{_ANY_MORE}{_gap(25)}\bthan\b{_gap(25)}{_ORG}",
        rf"{_ORG}{_gap(40)}\b(?:superior|inferior|preferable) to\b{_gap(12)}{_ORG}",
        rf"{_MORE} than {_gap(20)}{_ORG}[, ]{_gap(40)}{_ORG}",
        rf"{_LIKE}{_gap(25)}{_ORG}{_gap(20)}\b(?:over|to|than|instead of|rather than|above){_gap(12)}{_ORG}",
        rf"{_ORG}{_gap(25)}\b(?:instead of|rather than|compared (?:to|with)|as opposed to|unlike|over){_gap(12)}{_ORG}",
        rf"\b(?:instead of|rather than|compared (?:to|with)|unlike|as opposed to){_gap(12)}{_ORG}[, ]{_gap(40)}{_ORG}",
        rf"{_ORG}{_gap(60)}\bas \w{{2,15}} as{_gap(15)}{_ORG}",
        rf"{_ORG}{_gap(20)}(?:\bvs\b\.?|\bversus\b|\bv\b|[<>]+){_gap(15)}{_ORG}",
        rf"{_ORG}{_gap(30)}\b(?:beat|outperform|outclass|trump|destroy|crush)\w{{0,4}}\b{_gap(15)}{_ORG}",
        rf"{_ORG}{_gap(20)}\bblows{_gap(10)}{_ORG}{_gap(15)}\b(?:away|out of the water)",
        rf"(?:\bwhich\b|\bwho\b|{_MORE}|{_LIKE}){_gap(40)}{_ORG} or {_gap(8)}{_ORG}",
        rf"{_ORG} or {_gap(8)}{_ORG}\s*[,:;?-]{{1,3}}\s*which\b",
        rf"{_ORG}{_gap(40)}[;,.!] *{_ORG}{_gap(30)}{_MORE}",
    )
)


def comparisons(text: str, named: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Entity → the other one that it is compared with, for entities given as (id, surface) in the order of a text.

    Each is set against one other, the first that it stands with; the relation goes both ways.
    """
    if len(named) < 2:
        return {}
    named = named[:MAX_COMPANIES]
    marked = _marked(text[:MAX_CHARACTERS], [surface for _, surface in named])
    found: dict[str, str] = {}
    for pattern in _PATTERNS:
        for match in pattern.finditer(marked):
            for mark, next_mark in pairwise(match.groups()):
                first, second = named[ord(mark) - _FIRST][0], named[ord(next_mark) - _FIRST][0]
                if first != second and first not in found and second not in found:
                    found[first], found[second] = second, first
    return found


def _marked(text: str, surfaces: Sequence[str]) -> str:
    """The text in small letters, every company by its character; names in names by the longer one."""
    text = _PRIVATE.sub(" ", text.lower())
    by_name: dict[str, str] = {}
    for number, surface in enumerate(surfaces):
        if name := surface.lower():
            by_name.setdefault(name, chr(_FIRST + number))
    if not by_name:
        return text
    longest = sorted(by_name, key=len, reverse=True)
    either = "|".join(map(re.escape, longest))
    return re.sub(rf"(?<!\w)(?:{either})(?!\w)", lambda match: by_name[match.group()], text)
