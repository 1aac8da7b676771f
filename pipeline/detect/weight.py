"""How a mention counts, before any test looks at it."""

from __future__ import annotations

from zlib import crc32

from pipeline.detect.heard import HeardMention
from pipeline.detect.memory import SHORT_TEXT, Memory


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


def weigh(memory: Memory, m: HeardMention, key: int, minute: int, version: int) -> Weighed:
    """Weigh a mention heard for the first time, whose id hashes to `key` and version to `version`, and remember it.

    Of what the model is not sure is evidence of nothing, though it is counted; a text that the model was not trained
    for is no complaint.
    """
    author = weight = memory.author_weight(m.author.id, minute)
    text = m.fingerprint or m.text
    copies, repost = 0, False
    if len(text) >= SHORT_TEXT:
        copies = memory.copies(text, minute)
        if copies:
            # A repost with words of its own is a quote: the model has judged it by itself.
            repost = m.kind == "repost"
            weight = (0.4 * author if repost else author) / (1 + copies)
    elif m.kind == "repost":
        repost, weight = True, 0.4 * author
    sentiment = m.sentiment
    probability = sentiment.negative if m.untrained is None else 0.0
    complains = probability >= 0.5
    root_id = m.root_id
    if root_id is None or (root_id == m.post_id and m.parent_id is not None):
        root_id = m.parent_id or m.post_id  # a quote joins the thread that it quotes
    answer = root_id != m.post_id
    root = crc32(root_id.encode()) if answer else key
    if m.untrained is None and not sentiment.sure:
        weight = probability = 0.0
    memory.remember(key, minute, complains, weight, root if answer else 0, version)
    negative = weight * soft(probability) if probability > 0.2 else 0.0
    return Weighed(
        key, root, negative, weight - negative, author, probability,
        complains, author == 1.0, copies > 0 and not repost, answer, repost,
    )  # fmt: skip


def soft(probability: float) -> float:
    """How much of a negative a mention is, from the model's probability: none below 0.2, all above 0.65.

    A calibrated probability in between is part of a complaint; small ones are left out, since there are so many.
    """
    if probability >= 0.65:
        return 1.0
    return (probability - 0.2) / 0.45 if probability > 0.2 else 0.0
