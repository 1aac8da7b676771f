"""Targets of the model in a post: where the text that it reads names an entity.

The text is not the post's: markup is gone, links are cut short, of a long post only parts are left.  So the words that
linked an entity are looked for in it, as they read after the same clean-up.
"""

from __future__ import annotations

from typing import NamedTuple

from models.scorer import Reading, Scores, Span, Target
from pipeline.contracts.mentions import Sentiment
from pipeline.text.clean import LINK, clean

MOST = 8
"""Places of one entity in a text that are asked about."""
MAX_SURFACE = 200

_SIGNS = "@#＃$"


class AnswerSlot(NamedTuple):
    """Where an answer will be: number of the reading, and of the target in it (None: what the post as such feels)."""

    reading: int
    target: int | None


class Questions:
    """What the model is asked in one pass: every text once, with everybody whom it is asked about."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[int, dict[Target, int]]] = {}

    def ask(self, text: str, target: Target) -> AnswerSlot:
        """Note a question; gives where to look for its answer."""
        number, targets = self._texts.setdefault(text, (len(self._texts), {}))
        return AnswerSlot(number, targets.setdefault(target, len(targets)) if target else None)

    def readings(self) -> list[Reading]:
        """For the scorer, in order."""
        return [Reading(text, tuple(targets)) for text, (_, targets) in self._texts.items()]


def sentiment_toward(scores: Scores, target: int | None) -> Sentiment:
    """The sentiment toward a target; that of the post where none was asked about, or the model has no head for it."""
    return scores.targets[target] if target is not None and target < len(scores.targets) else scores.sentiment


def places(read: str, surface: str) -> Target:
    """The spans in `read`, a text after clean-up, of the words that name an entity in the post.

    Whole words in the same case, each with the `@` or `#` before it.  Empty when they are not there (the entity was
    inherited, or is named by a link only): the model is then asked about the post.
    """
    if ("://" in surface or "www." in surface.lower()) and LINK.match(surface):
        return ()
    name = (surface if surface in read else clean(surface[:MAX_SURFACE])).lstrip(_SIGNS)
    if not name:
        return ()
    found: list[Span] = []
    at = read.find(name)
    while at >= 0 and len(found) < MOST:
        end = at + len(name)
        if not (at and _in_word(read[at - 1])) and not (end < len(read) and _in_word(read[end])):
            found.append((at - 1 if at and read[at - 1] in _SIGNS else at, end))
        at = read.find(name, end)
    return tuple(found)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
