"""What stands around a name in a post, worked out once and only when asked for."""

from __future__ import annotations

import re
from bisect import bisect_left

from pipeline.enrich.text import Folded

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_CAPITAL = re.compile(r"(?<![\w@#])[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]")
_START = re.compile(r"(?:^|[.!?:\n…\"“(|])\s*(?:[.@]+\w+:?\s+)*$")
_NEXT_CAPITAL = re.compile(r" ([A-Z][a-z]+)")
_NEAR = 4
"""Words to each side that count as near."""


class Surroundings:
    """A post's text and what evidence asks of all of it.

    `words` are the words of the folded text, possessives as their owners.  `has_case` says whether capitals say
    something: some words have one, and most have none.  `shouting`: (nearly) all letters are capitals.
    """

    __slots__ = ("_sequence", "_starts", "folded", "has_case", "shouting", "text", "words")

    def __init__(self, text: str, folded: Folded) -> None:
        self.text = text
        self.folded = folded
        found = [(m.start(), m.group()) for m in _WORD.finditer(folded.text)]
        self._starts = [start for start, _ in found]
        self._sequence = [word for _, word in found]
        owners = "'" in folded.text
        self.words = frozenset([w.removesuffix("'s") for w in self._sequence] if owners else self._sequence)
        capitals = len(_CAPITAL.findall(text))
        self.has_case = len(found) > 2 and 0 < capitals <= 0.6 * len(found)
        self.shouting = 2 * capitals > len(found) and _shouting(text[:1000])

    def near(self, start: int, end: int) -> tuple[list[str], list[str]]:
        """The words before and after a span of the folded text, four at most on each side."""
        words = self._sequence
        first, following = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return words[max(0, first - _NEAR) : first], words[following : following + _NEAR]


def _shouting(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters > 6 and sum(map(str.isupper, text)) > 0.8 * letters


class Place:
    """A span of the folded text that may be a name, with what stands right beside it."""

    __slots__ = ("after", "around", "at_start", "before", "end", "possessive", "start", "surface", "title_follows")

    def __init__(self, around: Surroundings, start: int, end: int) -> None:
        left, right = around.folded.span(start, end)
        self.around = around
        self.start, self.end = start, end
        self.surface = around.text[left:right]
        self.before, self.after = around.near(start, end)
        self.possessive = around.folded.text.startswith("'s", end)
        self.at_start = not self.before or (
            _START.search("x" * (left > 80) + around.text[max(0, left - 80) : left]) is not None
        )
        follows = _NEXT_CAPITAL.match(around.text, right)
        self.title_follows = follows.group(1).lower() if follows is not None else ""

    @property
    def capital(self) -> bool:
        return self.surface[:1].isupper()
