"""A mention as it counts."""

from __future__ import annotations


class Weighed:
    """A mention as counted.

    `negative`, `other`: its clean weight, split by how likely it is negative.  `author`: the weight of its author.
    Raw: it `complains` (more likely negative than not), is the `first` of its author in six hours, is `copied`, is an
    `answer` in the thread `root`, a `repost`.
    """

    __slots__ = (
        "answer", "author", "complains", "copied", "first", "key", "negative", "other", "probability", "repost", "root",
    )  # fmt: skip

    def __init__(
        self, key: int, root: int, negative: float, other: float, author: float, probability: float,
        complains: bool, first: bool, copied: bool, answer: bool, repost: bool,
    ) -> None:  # fmt: skip
        self.key = key
        self.root = root
        self.negative = negative
        self.other = other
        self.author = author
        self.probability = probability
        self.complains = complains
        self.first = first
        self.copied = copied
        self.answer = answer
        self.repost = repost
