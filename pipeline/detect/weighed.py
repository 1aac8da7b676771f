"""A mention as it counts."""

from __future__ import annotations

from typing import Final

PASSED: Final = 0
FRESH: Final = 1
CHANGED: Final = 2
"""What to do with a mention: pass it over (heard, deleted, or the company's own words, which are context and never
evidence), hear it, or hear it in place of another version."""


class Weighed:
    """A mention as counted.

    `key`, `voice`: hashes of its id and its author's.  `negative`, `other`: its clean weight, split by how likely it is
    negative.  `author`: the weight of its author.
    Raw: it `complains` (more likely negative than not) or `praises`, is the `first` of its author in six hours, is
    `copied`, is an `answer` in the thread `root`, a `repost`.
    """

    __slots__ = (
        "answer", "author", "complains", "copied", "first", "key", "negative", "other", "praises", "probability",
        "repost", "root", "voice",
    )  # fmt: skip

    def __init__(
        self, key: int, root: int, voice: int, negative: float, other: float, author: float, probability: float,
        complains: bool, praises: bool, first: bool, copied: bool, answer: bool, repost: bool,
    ) -> None:  # fmt: skip
        self.key = key
        self.root = root
        self.voice = voice
        self.negative = negative
        self.other = other
        self.author = author
        self.probability = probability
        self.complains = complains
        self.praises = praises
        self.first = first
        self.copied = copied
        self.answer = answer
        self.repost = repost
