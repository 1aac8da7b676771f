"""An entity that is spoken of a hundred times a second, as it has been for a week."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from heapq import merge

from benchmarks.detection.streams import EPOCH
from pipeline.detect.detector import Detector
from pipeline.detect.evidence.baseline import BIN, DAY
from pipeline.detect.mentions.inbound import InboundAuthor, InboundEntity, InboundMention, InboundSentiment
from pipeline.detect.state.entity import EntityState

KNOWN = 7 * DAY
"""Seconds for which the entity has been known when the stream begins."""

NEGATIVE = 0.16
"""Share of the mentions that are negative."""

ANSWERS = 1 / 3
"""Share of the mentions that answer another one."""

_ENTITY = InboundEntity("busy", "Busy")


def known(detector: Detector, a_second: float) -> EntityState:
    """The state after a week at that pace; what was heard is put straight into the baseline, ten minutes at a time."""
    rng, state = random.Random(10), EntityState()
    detector.observe(state, _said("b:0", 0.0, 0.05, "first", None))
    baseline, start = state.baseline, EPOCH.timestamp()
    for number in range(1, int(KNOWN / BIN) + 1):
        all_in_all = rng.gauss(1.0, 0.03) * a_second * BIN
        baseline.negative, baseline.other = NEGATIVE * all_in_all, (1.0 - NEGATIVE) * all_in_all
        baseline.answers = baseline.negative * ANSWERS
        baseline.close(int(start + number * BIN), False)
    state.clock = int(start + KNOWN) - 1
    state.evidence.refresh(baseline.p0)
    return state


def stream(a_second: float, seconds: float, snowball: int = 0) -> Iterator[InboundMention]:
    """Mentions in order of arrival; a third answer one of the last four hundred.

    `snowball`: answers of a pile-on over a third of the time, which begins half-way through; its ids begin with `s:`.
    """
    steady = _chatter(a_second, seconds)
    return merge(steady, _snowball(seconds, snowball), key=_arrival) if snowball else steady


def _chatter(a_second: float, seconds: float) -> Iterator[InboundMention]:
    rng = random.Random(11)
    at, number = KNOWN, 0
    while at < KNOWN + seconds:
        at += rng.expovariate(a_second)
        number += 1
        root = f"b:{max(1, number - rng.randrange(1, 400))}" if rng.random() < ANSWERS else None
        negative = 0.9 if rng.random() < NEGATIVE else 0.05
        yield _said(f"b:{number}", at, negative, f"a{rng.randrange(10**7)}", root)


def _snowball(seconds: float, answers: int) -> Iterator[InboundMention]:
    rng, start = random.Random(12), KNOWN + seconds / 2.0
    yield _said("s:0", start, 0.95, "angry", None)
    for number, at in enumerate(sorted(start + seconds / 3.0 * rng.random() ** 0.6 for _ in range(answers)), start=1):
        yield _said(f"s:{number}", at, 0.95 if rng.random() < 0.85 else 0.05, f"angry{number}", "s:0")


def _said(post: str, at: float, negative: float, author: str, root: str | None) -> InboundMention:
    created = EPOCH + timedelta(seconds=at)
    return InboundMention(
        post_id=post, entity=_ENTITY, author=InboundAuthor(author), created_at=created, ingested_at=created,
        sentiment=InboundSentiment(negative), text=f"words of text number {post}", root_id=root, parent_id=root,
        kind="reply" if root else "post",
    )  # fmt: skip


def _arrival(m: InboundMention) -> float:
    return m.created_at.timestamp()
