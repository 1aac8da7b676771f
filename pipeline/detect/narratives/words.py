"""Terms of a text: words and pairs of neighbours, without the most common ones."""

from __future__ import annotations

import re
from typing import Final

_READ: Final = 280
_MOST: Final = 40
"""Characters and words of a text that are read."""

_WORD: Final = re.compile(r"[^\W\d_]{3,}(?:['’][^\W\d_]+)?")
_ASCII_WORD: Final = re.compile("[A-Za-z]{3,}(?:'[A-Za-z]+)?")  # the same where a text is ASCII, in half the time
_NOISE: Final = re.compile(r"https?://\S+|@\S+|&\w+;")
_COMMON_WORDS = (
    "the and for that this with you your are was were have has had not but they their from what when who why how all "
    "can cant can't could just don't dont will would out about get got its it's i'm i've his her she him our ours them "
    "then than there here been being because did didn't does doesn't isn't wasn't won't more most much very too also "
    "one two any some no nor yes into over after before again still even ever never now only own same such other these "
    "those which while where like really please thanks thank via amp rt going way know think people make made back "
    "que los las una por para con del está esto der die das und ist nicht ein eine mit auf für les des est pas une "
    "dans pour sur avec je tu il elle nous vous since"
)
_COMMON: Final = frozenset(_COMMON_WORDS.split())


def terms(text: str) -> list[str]:
    """Words and pairs of neighbouring words, each once, in order, without the most common ones."""
    text = text[:_READ].lower()
    if "@" in text or "&" in text or "://" in text:  # most texts hold none of it
        text = _NOISE.sub(" ", text)
    words = (_ASCII_WORD if text.isascii() else _WORD).findall(text)
    return paired(words[:_MOST], _COMMON)


def name_words(name: str) -> set[str]:
    """The words of an entity's name, as they would be counted."""
    return set(_WORD.findall(name[:_READ].lower()))


def paired(words: list[str], common: frozenset[str]) -> list[str]:
    """Words and pairs of neighbouring words, each once, in order, without the `common` ones."""
    found: dict[str, None] = {}
    before = ""
    for word in words:
        if word in common:
            before = ""
            continue
        found[word] = None
        if before:
            found[f"{before} {word}"] = None
        before = word
    return list(found)
