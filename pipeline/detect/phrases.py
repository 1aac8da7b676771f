"""Which words are new: those of the incident against the entity's own past.

The past is a small sketch of in how many sampled mentions a word occurred (Cormode and Muthukrishnan 2005, one row:
a collision makes a word look older, never newer than it is).  Ranked by log-odds with half a count added
(Monroe et al. 2008), so that one post does not make a phrase.
"""

from __future__ import annotations

import re
from math import log
from zlib import crc32

from msgspec import Struct

from pipeline.detect.incident import bump

CELLS = 384
TERMS = 28
TERM_BYTES = 28
_READ = 280
_FEWEST = 3
_WORD = re.compile(r"[^\W\d_]{3,}(?:['’][^\W\d_]+)?")
_NOISE = re.compile(r"https?://\S+|@\S+|&\w+;")
_COMMON_WORDS = (
    "the and for that this with you your are was were have has had not but they their from what when who why how all "
    "can cant can't could just don't dont will would out about get got its it's i'm i've his her she him our ours them "
    "then than there here been being because did didn't does doesn't isn't wasn't won't more most much very too also "
    "one two any some no nor yes into over after before again still even ever never now only own same such other these "
    "those which while where like really please thanks thank via amp rt going way know think people make made back "
    "que los las una por para con del está esto der die das und ist nicht ein eine mit auf für les des est pas une "
    "dans pour sur avec je tu il elle nous vous"
)
_COMMON = frozenset(_COMMON_WORDS.split())


class Past(Struct, array_like=True):
    """Words of the entity's past: `cells` hold at most 255 each; all are halved when one is full."""

    cells: bytearray = bytearray()
    mentions: float = 0.0

    def learn(self, text: str) -> None:
        """Take in a mention of quiet times."""
        if not self.cells:
            self.cells = bytearray(CELLS)
        self.mentions += 1.0
        for term in terms(text):
            cell = crc32(term.encode()) % CELLS
            if self.cells[cell] == 255:
                self.cells = bytearray(value >> 1 for value in self.cells)
                self.mentions /= 2.0
            self.cells[cell] += 1

    def share(self, term: str) -> float:
        """In which share of past mentions a word occurred, at most."""
        if not self.cells:
            return 1.0 / 20.0
        return float((self.cells[crc32(term.encode()) % CELLS] + 0.5) / (self.mentions + 10.0))


class Talk(Struct, array_like=True):
    """Words of the incident in progress, each counted once a mention."""

    counts: dict[str, int] = {}
    mentions: int = 0

    def hear(self, text: str) -> None:
        """Take in a negative mention of the incident."""
        self.mentions += 1
        for term in terms(text):
            if len(term.encode()) <= TERM_BYTES:
                bump(self.counts, term, TERMS)


def terms(text: str) -> set[str]:
    """Words and pairs of neighbouring words, without the most common ones."""
    words = _WORD.findall(_NOISE.sub(" ", text[:_READ].lower()))
    found: set[str] = set()
    before = ""
    for word in words[:40]:
        if word in _COMMON:
            before = ""
            continue
        found.add(word)
        if before:
            found.add(f"{before} {word}")
        before = word
    return found


def new_phrases(talk: Talk, past: Past, name: str, most: int = 5) -> list[tuple[str, int]]:
    """The phrases that are new, with their counts, newest first; without the entity's name.

    A word is left out where a pair that holds it is as frequent.
    """
    skip = set(_WORD.findall(name.lower()))
    scored: list[tuple[float, str, int]] = []
    for term, count in talk.counts.items():
        if count < max(_FEWEST, 0.04 * talk.mentions) or skip & set(term.split()):
            continue
        now = (count + 0.5) / (talk.mentions + 1.0)
        was = min(past.share(term), 0.95)
        odds = log(now / max(1.0 - now, 0.02)) - log(was / (1.0 - was))
        if odds > 1.0:
            scored.append((odds * count**0.5, term, count))
    scored.sort(key=lambda entry: (-entry[0], entry[1]))
    chosen: list[tuple[str, int]] = []
    for _, term, count in scored:
        words = set(term.split())
        if any(words & set(other.split()) for other, _ in chosen):
            continue
        pair = next((entry for entry in scored if words < set(entry[1].split()) and entry[2] >= 0.7 * count), None)
        chosen.append((pair[1], pair[2]) if pair else (term, count))
        if len(chosen) == most:
            break
    return chosen
