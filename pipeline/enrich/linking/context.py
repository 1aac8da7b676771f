"""Context of a name in a post: words, capitals and signs around it, computed on demand."""

from __future__ import annotations

import re

from pipeline.enrich.linking.lexicon import PostWords
from pipeline.text.clean import Folded
from pipeline.text.common_words import ordinary

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_PARTED = "".join([char if char.isalnum() else " " for char in map(chr, range(128))])
"""Leaves the letters and digits of plain text: its words are what stands between spaces, at a quarter of the cost."""
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-ÞΑ-ΩА-Я](?<![\w@#].)")
"""That begins a word.  What stands before is looked at last, so that other letters are passed over at once."""
_START = re.compile(r"(?:^|[.!?:\n…\"“(|])\s*(?:[.@]+\w+:?\s+)*$")
_NEXT_CAPITAL = re.compile(r" ([A-Z][a-z]+)")
_LAST_CAPITAL = re.compile(r"(?<=[a-z,] )([A-Z][a-z]+) $")
_FIRST_CAPITAL = re.compile(r"(?:^|[.!?:\"“(] ?)([A-Z][a-z]+) $")
_SIGNED = re.compile(r"(?:[|(\[—–]|\s-|\bvia)\s*$", re.IGNORECASE)
_SIGNED_END = re.compile(r"\s*(?:$|[)\]#|]|https?:)")
_BY = re.compile(r"(?:^|\s)[*~/–—-]{1,2}\s?$")
_BY_END = re.compile(r"\W*(?:$|https?:)")
_PRICE = re.compile(r"[$£€] ?\d|\d ?[€£]")
"""Speaks of buying as the word does."""
_PLAIN_TITLES = frozenset(("the", "at", "my", "from", "by", "with", "hey", "dear", "and", "thanks", "rt", "via", "i"))
_NEAR = 4
"""Words to each side that count as near."""
_REACH = 45
"""Characters to each side in which they are looked for."""


class PostContext:
    """A post's text and what evidence asks of all of it.

    `talk` are the words of the folded text, possessives as their owners.  `has_case` says whether capitals say
    something: some words have one, and most have none.  `shouting`: (nearly) all letters are capitals.
    """

    __slots__ = ("_parted", "folded", "has_case", "shouting", "talk", "text")

    def __init__(self, text: str, folded: Folded) -> None:
        self.text = text
        self.folded = folded
        simple = folded.text.isascii() and "'" not in folded.text
        self._parted = folded.text.translate(_PARTED) if simple else None
        found = self._parted.split() if self._parted is not None else _WORD.findall(folded.text)
        words = found if simple else [w.removesuffix("'s") for w in found]
        if ("$" in text or "£" in text or "€" in text) and _PRICE.search(text):
            words = [*words, "price"]
        self.talk = PostWords(frozenset(words))
        capitals = 0 if text.islower() else len(_CAPITAL.findall(text))
        self.has_case = len(found) > 2 and 0 < capitals <= 0.6 * len(found)
        self.shouting = 2 * capitals > len(found) and _shouting(text[:1000])

    def near(self, start: int, end: int) -> tuple[list[str], list[str]]:
        """The words before and after a span of the folded text, four at most on each side, within `_REACH`."""
        text = self.folded.text
        left = max(0, start - _REACH)
        if self._parted is None:
            before, after = _WORD.findall(text[left:start]), _WORD.findall(text[end : end + _REACH])
        else:  # one cut more than there are words to keep: what is beyond stays in one piece
            before = self._parted[left:start].rsplit(None, _NEAR)
            after = self._parted[end : end + _REACH].split(None, _NEAR)
        if left and before and text[left].isalnum() and text[left - 1].isalnum():
            del before[0]
        return before[-_NEAR:], after[:_NEAR]


def _shouting(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters > 6 and sum(map(str.isupper, text)) > 0.8 * letters


class Occurrence:
    """A span of the folded text that may be a name, with what stands right beside it; in the original text it is from
    `left` to `right`."""

    __slots__ = (
        "after", "around", "before", "capital", "end", "following", "left", "previous", "right", "start", "surface",
    )  # fmt: skip

    def __init__(self, around: PostContext, start: int, end: int) -> None:
        self.left, self.right = around.folded.span(start, end)
        self.around = around
        self.start, self.end = start, end
        self.surface = around.text[self.left : self.right]
        self.capital = self.surface[:1].isupper()
        self.before, self.after = around.near(start, end)
        self.previous = self.before[-1] if self.before else ""
        self.following = self.after[0] if self.after else ""

    @property
    def possessive(self) -> bool:
        return self.around.folded.text.startswith("'s", self.end)

    @property
    def at_start(self) -> bool:
        """Whether a sentence begins here, where a capital says little."""
        left = self.left
        text = "x" * (left > 80) + self.around.text[max(0, left - 80) : left]
        return not self.before or _START.search(text) is not None

    @property
    def title_follows(self) -> str:
        """The next word in lower case, if it has a capital, as in `Target Field` and `Wendy Williams`; else nothing."""
        follows = _NEXT_CAPITAL.match(self.around.text, self.right)
        return follows.group(1).lower() if follows is not None else ""

    @property
    def title_precedes(self) -> str:
        """The word before in lower case, if it has a capital amid a sentence (`Chevy Chase`, `Long Eaton`), or is a
        name that begins one (`Gerald Ford`)."""
        left = self.around.text[max(0, self.left - 40) : self.left]
        precedes = _LAST_CAPITAL.search(left)
        if precedes is not None:
            word = precedes.group(1).lower()
            return "" if word in _PLAIN_TITLES else word
        begins = _FIRST_CAPITAL.search(left)
        word = begins.group(1).lower() if begins is not None else ""
        return word if word in ordinary().names else ""

    @property
    def is_source(self) -> bool:
        """Whether the name stands where people say whose article they point to: by itself at the end, or before a
        link."""
        text = self.around.text
        before = text[max(0, self.left - 8) : self.left]
        return _SIGNED.search(before) is not None and _SIGNED_END.match(text, self.right) is not None

    @property
    def is_signature(self) -> bool:
        """Whether the name is put under the text, as agents do: `We'll look into it. - Emma`."""
        text = self.around.text
        before = text[max(0, self.left - 4) : self.left]
        return _BY.search(before) is not None and _BY_END.match(text, self.right) is not None
