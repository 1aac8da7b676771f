"""Phrases of an incident that are new against the entity's own past.

Ranked by log-odds with half a count added (Monroe et al. 2008), so that one post does not make a phrase.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Final

from pipeline.detect.narratives.narrative import SLOTS
from pipeline.detect.narratives.vocabulary import PastVocabulary
from pipeline.detect.narratives.words import name_words

TERMS: Final = 32
TERM_BYTES: Final = 28
_FEWEST: Final = 3
_FADES: Final = 16  # mentions without a word after which it counts half
_SAID = [0, 0]
_USUAL: Final = 0.15  # share of the entity's past mentions from which a word is no news


@dataclass(slots=True)
class IncidentVocabulary:
    """Words of the incident in progress, each counted once a mention: in how many, in which of them last, then in each
    narrative by its slot."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    mentions: int = 0

    def add(self, said: list[str], past: PastVocabulary, name: str, slot: int = -1) -> None:
        """Take in the `terms` of a negative mention, which belongs to the narrative in that slot (-1: to none).

        At most `TERMS` words are counted; a newcomer takes the place of the one that is rarest of late (lossy
        counting).  The entity's `name` and what is always said of it are left out.
        """
        self.mentions += 1
        counts = self.counts
        skip: set[str] | None = None
        rarest: list[str] | None = None
        for term in said:
            known = counts.get(term)
            if known is None:
                if len(term.encode("utf-8", "replace")) > TERM_BYTES or past.share(term) > _USUAL:
                    continue
                if skip is None:
                    skip = name_words(name)
                if not skip.isdisjoint(term.split()):
                    continue
                if len(counts) >= TERMS:
                    if rarest is None:
                        rarest = sorted(counts, key=self._lately, reverse=True)
                    while rarest and counts.get(rarest[-1], _SAID)[1] == self.mentions:
                        rarest.pop()  # said in this very mention
                    if not rarest:
                        continue
                    del counts[rarest.pop()]
                known = counts[term] = [0] * (2 + SLOTS)
            known[0] += 1
            known[1] = self.mentions
            if slot >= 0:
                known[2 + slot] += 1

    def move(self, slot: int, to: int) -> None:
        """The narrative in a slot was merged into another, or given up (-1)."""
        for known in self.counts.values():
            if to >= 0:
                known[2 + to] += known[2 + slot]
            known[2 + slot] = 0

    def _lately(self, term: str) -> int:
        """How often a word was said; halved for every so many mentions without it."""
        total, last, *_ = self.counts[term]
        return total >> (self.mentions - last) // _FADES


def new_phrases(
    vocabulary: IncidentVocabulary, past: PastVocabulary, name: str, most: int = 5
) -> list[tuple[str, int]]:
    """The phrases that are new, with their counts, newest first; without the entity's name."""
    skip = name_words(name)
    scored: list[tuple[float, str, int]] = []
    for term, (count, *_) in vocabulary.counts.items():
        if count < max(_FEWEST, 0.04 * vocabulary.mentions) or skip & set(term.split()):
            continue
        odds = _log_odds(count, vocabulary.mentions) - _logit(past.share(term))
        if odds > 1.0:
            scored.append((odds * count**0.5, term, count))
    return _best(scored, most)


def phrases_of(
    vocabulary: IncidentVocabulary, slot: int, mentions: int, past: PastVocabulary, name: str, most: int = 3
) -> list[tuple[str, int]]:
    """The phrases of one narrative of `mentions` complaints: new for the entity, and said here more than elsewhere in
    the incident."""
    skip = name_words(name)
    others = max(0, vocabulary.mentions - mentions)
    scored: list[tuple[float, str, int]] = []
    for term, counts in vocabulary.counts.items():
        count = counts[2 + slot]
        if count < max(2, 0.08 * mentions) or skip & set(term.split()):
            continue
        here = _log_odds(count, max(mentions, count))
        odds = here - _logit(past.share(term))
        apart = here - _log_odds(counts[0] - count, max(others, counts[0] - count)) if others >= _FEWEST else 1.0
        if odds > 0.5 and apart > 0.0:
            scored.append((min(odds, 4.0) * apart * count**0.5, term, count))
    return _best(scored, most)


def _log_odds(count: int, mentions: int) -> float:
    share = (count + 0.5) / (mentions + 1.0)
    return log(share / max(1.0 - share, 0.02))


def _logit(share: float) -> float:
    share = min(share, 0.95)
    return log(share / (1.0 - share))


def _best(scored: list[tuple[float, str, int]], most: int) -> list[tuple[str, int]]:
    """The best phrases, no word twice; a word gives way to a pair that holds it and is half as frequent."""
    scored.sort(key=lambda entry: (-entry[0], entry[1]))
    chosen: list[tuple[str, int]] = []
    for _, term, count in scored:
        words = set(term.split())
        pair = next((entry for entry in scored if words < set(entry[1].split()) and entry[2] >= 0.5 * count), None)
        phrase = (pair[1], pair[2]) if pair else (term, count)
        if any(set(phrase[0].split()) & set(other.split()) for other, _ in chosen):
            continue
        chosen.append(phrase)
        if len(chosen) == most:
            break
    return chosen
