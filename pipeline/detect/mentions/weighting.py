"""Weighs a mention before any test looks at it: whether it is news, and how much it counts.

Each voice counts once and each text once; what the model is not sure of is evidence of nothing, though it is counted.
"""

from __future__ import annotations

from typing import Final

from pipeline.contracts.values import EPOCH
from pipeline.detect.evidence.pile_on import ThreadEvidence, inherited
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.memory import SHORT_TEXT, Memory, stamp
from pipeline.detect.state.page import WINDOW, RememberedPost

PASSED: Final = 0
FRESH: Final = 1
CHANGED: Final = 2
"""What to do with a mention: pass it over (seen, deleted, of more than two days ago, or the company's own words, which
are context and never evidence), count it, or count it instead of an older version."""


class WeighedMention:
    """A mention as counted.

    `key`, `voice`: hashes of its id and its author's.  `negative`, `other`: its clean weight, split by how likely it is
    negative.  `author`: the weight of its author.
    Raw: it `complains` (more likely negative than not) or `praises`, is the `first` of its author in six hours and no
    edit, is `copied`, is an `answer` in the thread `root`, a `repost`, only answers a mention in a thread about
    something else (`astray`), has `complained` in an older version.
    """

    __slots__ = (
        "answer", "astray", "author", "complained", "complains", "copied", "first", "key", "negative", "other",
        "praises", "probability", "repost", "root", "voice",
    )  # fmt: skip

    def __init__(
        self, key: int, root: int, voice: int, negative: float, other: float, author: float, probability: float,
        complains: bool, praises: bool, first: bool, copied: bool, answer: bool, repost: bool, astray: bool,
        complained: bool,
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
        self.astray = astray
        self.complained = complained


def recognised(memory: Memory, mention: InboundMention, clock: int) -> tuple[int, int, int]:
    """The hash of the post, its event time in whole seconds, and what to do with it; `clock`: the entity's.

    As in the index, the newest version of a post counts, unless it is deleted in that version or a newer one.  What is
    older than a post is remembered counts nowhere, for nobody could say whether it is a repeat.
    """
    if mention.author_role == "own":
        return 0, 0, PASSED
    if memory.unkeyed and clock // 60 > memory.unkeyed_until:
        memory.unkeyed.clear()
    created, arrived = mention.created_at, mention.ingested_at
    if arrived is not None and arrived < created:
        created = arrived  # a clock that is ahead must not make everyone else late
    since = created - EPOCH  # a tenth of the time that `timestamp` takes
    event_time = since.days * 86_400 + since.seconds
    key = memory.number(mention.post_id)
    if clock - event_time > WINDOW * 60:
        return key, event_time, PASSED
    known = memory.recall(key, clock // 60)
    if known is None:
        return key, event_time, FRESH
    version, before = mention.version, known.version
    newer = before + stamp(version) != 0 if before < 0 else version > before
    return key, event_time, (FRESH if known.gone else CHANGED) if newer else PASSED


def weigh(
    memory: Memory, threads: dict[int, ThreadEvidence], mention: InboundMention, key: int, minute: int,
    late: bool = False, before: RememberedPost | None = None,
) -> WeighedMention:  # fmt: skip
    """Weigh a mention whose id hashes to `key` and that is news, and remember it; `minute`: the entity's clock.

    `late`: too late to be evidence.  `before`: what is remembered of an older version, which it comes in place of.
    A text that the model was not trained for is no complaint; what only answers a mention counts within bounds where
    the thread does not begin with one, or with one that came long after it was written.
    """
    voice = memory.number(mention.author.id)
    author = weight = memory.author_weight(voice, minute)
    text = mention.fingerprint or mention.text
    copies, repost = 0, False
    if len(text) >= SHORT_TEXT:
        copies = memory.copies(text, minute, before is not None)
        if copies:
            # A repost with words of its own is a quote: the model has judged it by itself.
            repost = mention.kind == "repost"
            weight = (0.4 * author if repost else author) / (1 + copies)
    elif mention.kind == "repost":
        repost, weight = True, 0.4 * author
    sentiment, trained = mention.sentiment, mention.untrained is None
    praises = sentiment.positive > max(sentiment.negative, 0.5)
    probability: float = sentiment.negative if trained else 0.0
    complains = probability >= 0.5
    post_id, root_id = mention.post_id, mention.root_id
    if root_id is None or (root_id == post_id and mention.parent_id is not None):
        root_id = mention.parent_id or post_id  # a quote joins the thread that it quotes
    answer = root_id != post_id
    root = memory.number(root_id) if answer else key
    astray = False
    if mention.depth and answer:
        beginning = memory.recall(root, minute)
        astray = beginning is None or beginning.gone or beginning.late  # edited long after it was answered, perhaps
        if astray:
            weight = inherited(threads.get(root), weight)
    if trained and not sentiment.sure:
        weight = probability = 0.0
    memory.remember(key, minute, complains, weight, root if answer else 0, mention.version, late)
    negative = weight * soft(probability) if probability > 0.2 else 0.0
    return WeighedMention(
        key, root, voice, negative, weight - negative, author, probability,
        complains, praises, author == 1.0 and before is None, copies > 0 and not repost, answer, repost, astray,
        before is not None and before.negative,
    )  # fmt: skip


def soft(probability: float) -> float:
    """How much of a negative a mention is, from the model's probability: none below 0.2, all above 0.65.

    A calibrated probability in between is part of a complaint; small ones are left out, since there are so many.
    """
    if probability >= 0.65:
        return 1.0
    return (probability - 0.2) / 0.45 if probability > 0.2 else 0.0
