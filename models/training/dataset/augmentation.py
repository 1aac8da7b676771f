"""Data augmentation: typing habits of social media, put on clean texts.

A function of (text, seed): an interrupted run sees the same noise when it goes on.
"""

from __future__ import annotations

import random
import re

_KEYS = "qwertyuiop asdfghjkl zxcvbnm"
_WORD = re.compile(r"[a-z]{4,}", re.IGNORECASE)
_VOWEL = re.compile(r"([aeiou])([a-z]?)$", re.IGNORECASE)


def noisy(text: str, seed: str) -> str:
    """The text with one or two habits of hurried typing: no capitals, all capitals, lost apostrophes, a typo, a
    stretched word, lost or repeated punctuation."""
    draw = random.Random(seed)
    for habit in draw.sample(
        (_lower, _shout, _no_apostrophes, _typo, _stretch, _punctuation), 1 + (draw.random() < 0.4)
    ):
        text = habit(text, draw)
    return text


def _lower(text: str, draw: random.Random) -> str:
    return text.lower()


def _shout(text: str, draw: random.Random) -> str:
    return " ".join(word if word.startswith(("@", "http")) else word.upper() for word in text.split(" "))


def _no_apostrophes(text: str, draw: random.Random) -> str:
    return text.replace("'", "").replace("’", "")


def _typo(text: str, draw: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = draw.choice(words)
    at = draw.randrange(word.start(), word.end() - 1)
    kind = draw.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    key = _KEYS.find(text[at].lower())
    return text[:at] + _KEYS[max(0, key - 1)].strip() + text[at + 1 :]


def _stretch(text: str, draw: random.Random) -> str:
    words = [word for word in _WORD.finditer(text) if _VOWEL.search(word[0])]
    if not words:
        return text
    word = draw.choice(words)
    longer = _VOWEL.sub(lambda match: match[1] * draw.randrange(2, 5) + match[2], word[0])
    return text[: word.start()] + longer + text[word.end() :]


def _punctuation(text: str, draw: random.Random) -> str:
    if draw.random() < 0.5:
        return re.sub(r"[.,;:]", "", text)
    return re.sub(r"([!?])", lambda match: match[1] * draw.randrange(1, 4), text)
