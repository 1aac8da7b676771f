"""Figures of a model on the unseen hard posts: right, surely wrong, direction.

An answer is sure where the pipeline would call it so: the model is, and it was trained for such a text. A direction is
right where the answers order two targets that a post likes unequally as its labels do; equal answers do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from models.figures import CountedShare, HardFigures, HardPart
from models.hard_posts.posts import CATEGORIES, HardPost
from models.scorer import Scorer
from pipeline.contracts.values import Label
from pipeline.errors import TerminalError
from pipeline.text.language import language
from pipeline.text.out_of_domain import untrained

_ORDER: dict[Label, int] = {"negative": 0, "neutral": 1, "positive": 2}
DIRECTED = "comparison"
"""Category whose direction is reported."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A post with the answers to it: the label toward each target, whether it is sure, and the label of the post."""

    post: HardPost
    answers: tuple[Label, ...]
    sure: tuple[bool, ...]
    of_post: Label

    @property
    def right(self) -> list[bool]:
        wanted = (target.sentiment for target in self.post.targets)
        return [answer == label for answer, label in zip(self.answers, wanted, strict=True)]

    @property
    def surely_wrong(self) -> list[bool]:
        return [sure and not right for sure, right in zip(self.sure, self.right, strict=True)]

    @property
    def directions(self) -> list[bool]:
        """For each pair of targets that the post likes unequally, whether the answers order them so."""
        pairs = combinations(zip(self.post.targets, self.answers, strict=True), 2)
        return [
            (_ORDER[answer] - _ORDER[other_answer]) * (_ORDER[target.sentiment] - _ORDER[other.sentiment]) > 0
            for (target, answer), (other, other_answer) in pairs
            if target.sentiment != other.sentiment
        ]


def measure_hard_posts(scorer: Scorer, posts: Sequence[HardPost]) -> HardFigures:
    """The figures of a scorer on labelled hard posts, in all, by category and by language.

    Raises `TerminalError` for a scorer that reads no sentiment toward targets.
    """
    judged = [_judged(post, scores) for post, scores in zip(posts, _answers(scorer, posts), strict=True)]
    parts = [_part("category", name, [found for found in judged if found.post.category == name]) for name in CATEGORIES]
    languages = sorted({post.lang for post in posts})
    parts += [_part("language", name, [found for found in judged if found.post.lang == name]) for name in languages]
    compared = [right for found in judged if found.post.category == DIRECTED for right in found.directions]
    return HardFigures(
        all=_part("all", "all", judged),
        sentiment=_share([found.of_post == found.post.sentiment for found in judged]),
        direction=_share(compared),
        parts=tuple(part for part in parts if part.right.of),
    )


def _answers(scorer: Scorer, posts: Sequence[HardPost]) -> list[tuple[list[tuple[Label, bool]], Label]]:
    out = []
    for post, scores in zip(posts, scorer.score([post.reading for post in posts]), strict=True):
        if len(scores.targets) != len(post.targets):
            raise TerminalError(
                "the model reads no sentiment toward a name", subject=scorer.ref.name, todo="Name another with --model"
            )
        trained = untrained(language(post.text, None), post.text) is None
        out.append(([(found.label, found.sure and trained) for found in scores.targets], scores.sentiment.label))
    return out


def _judged(post: HardPost, found: tuple[list[tuple[Label, bool]], Label]) -> _Judged:
    targets, of_post = found
    return _Judged(post, tuple(label for label, _ in targets), tuple(sure for _, sure in targets), of_post)


def _part(by: str, name: str, judged: Sequence[_Judged]) -> HardPart:
    return HardPart(
        by,
        name,
        len(judged),
        _share([right for found in judged for right in found.right]),
        _share([wrong for found in judged for wrong in found.surely_wrong]),
    )


def _share(found: Sequence[bool]) -> CountedShare:
    return CountedShare(sum(found), len(found))
