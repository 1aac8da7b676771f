"""All evidence of the hour asked together: what `judgement.py` has learned, at a negative mention."""

from __future__ import annotations

from math import log1p, sqrt
from typing import Final

from pipeline.detect.entity import EntityState
from pipeline.detect.judgement import shipped
from pipeline.detect.lifecycle import LEARNING
from pipeline.detect.threads import TAU, Thread

LOOKED_AT_THREAD: Final = 1.5
LOOKED_AT_SURGE: Final = 2.5
"""Evidence of a thread or of a surge from which the judgement is asked at all, in nats."""

LEARNED_MENTIONS: Final = 30
BUSIEST: Final = 2.0
"""The highest `Baseline.busy` that it was fitted on: some 1,500 mentions a day."""


def learned(s: EntityState) -> bool:
    """Whether the entity is of the kind that the judgement was fitted on, and known for long enough."""
    baseline = s.baseline
    return (
        baseline.busy <= BUSIEST and s.mentions >= LEARNED_MENTIONS and baseline.age(s.clock) >= LEARNING
    )  # fmt: skip


def looked_at(pile_on: float, surge: float) -> bool:
    """Whether there is enough evidence to ask."""
    return pile_on >= LOOKED_AT_THREAD or surge >= LOOKED_AT_SURGE


def snowball(s: EntityState, thread: Thread | None, pile_on: float, surge: float) -> float:
    """The judgement at a negative mention that has just been taken in, in nats; `thread` is the one that it answers in,
    with that evidence of a pile-on."""
    return shipped().forest.predict(features(s, thread, pile_on, surge))


def features(s: EntityState, thread: Thread | None, pile_on: float, surge: float) -> tuple[float, ...]:
    """What the judgement looks at, as `judgement.FEATURES` has it."""
    b, e = s.baseline, s.evidence
    due = b.mu_negative * TAU
    phi, busy = b.phi, b.busy
    soon = due / 6.0  # five minutes of thirty
    if thread is None:
        of_thread = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    else:
        mentions = thread.mentions
        of_thread = (
            log1p(thread.negative), log1p(mentions), log1p((s.clock - thread.first) / 60.0), thread.exposure,
            log1p(thread.fast), log1p(thread.middle), thread.evidence, thread.authors / max(mentions, 1),
        )  # fmt: skip
    return (
        pile_on, surge, min(max(busy, -1.0), BUSIEST),
        (e.middle - due) / sqrt(phi * due + 0.5), (e.fast - soon) / sqrt(phi * soon + 0.5),
        b.p0, phi, *of_thread, e.r0, e.r1, e.r2, e.r3, e.s0, e.s1, e.s2,
    )  # fmt: skip


def threaded(pile_on: float, surge: float, limit: float, surge_limit: float) -> bool:
    """Whether there is more evidence of a pile-on than of a surge, each as a part of the limit that it has alone."""
    return pile_on * surge_limit >= surge * limit
