"""Judges all tests of an hour together: is this the beginning of a snowball?

Thread and entity each hold part of the evidence of a small snowball, since some of its posts answer nobody.  How much
each part is worth beside the others is learned: boosted trees (Friedman 2001) over what the tests and the baseline hold
at a negative mention, fitted on simulated months of both generators, in which it is known what was a snowball.  Each
feature that is evidence can only raise the judgement.  The trees are plain numbers in `judgement.json`, which names the
command that makes it.

Nothing was learned about entities that are new or talked about seldom or far more than the months were made for: there
the tests speak for themselves, each against a threshold of its own.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import log1p, sqrt
from typing import Final, NamedTuple

import msgspec

from pipeline.detect.evidence.boosted import Forest
from pipeline.detect.evidence.pile_on import TAU, ThreadEvidence
from pipeline.detect.incidents.lifecycle import LEARNING
from pipeline.detect.state.entity import EntityState

SHIPPED: Final = files("pipeline.detect").joinpath("judgement.json")

FEATURES: Final = (
    "pile_on", "surge", "busy", "excess_middle", "excess_fast", "usual_share", "dispersion", "thread_negative",
    "thread_mentions", "thread_age", "thread_exposure", "thread_fast", "thread_middle", "thread_evidence",
    "thread_voices", "rate_1.6", "rate_2.5", "rate_5", "rate_12", "share_1.6", "share_2.5", "share_5",
)  # fmt: skip
"""What it asks, in order; of the thread all zero for a mention that answers nobody."""

_LOWER_OR_HIGHER: Final = (
    "busy", "usual_share", "dispersion", "thread_mentions", "thread_age", "thread_voices",
)  # fmt: skip
RAISING: Final = tuple(name not in _LOWER_OR_HIGHER for name in FEATURES)
"""Which of them can only raise the judgement."""

ASKED_FROM_PILE_ON: Final = 1.5
ASKED_FROM_SURGE: Final = 2.5
"""Evidence of a thread or of a surge from which the judgement is asked at all, in nats."""

LEARNED_MENTIONS: Final = 30
BUSIEST: Final = 2.0
"""The highest `Baseline.busy` that it was fitted on: some 1,500 mentions a day."""


class JudgementModel(NamedTuple):
    """The shipped trees: the log-odds of a snowball, counted from what quiet moments have on average."""

    made_by: str
    forest: Forest


@cache
def shipped() -> JudgementModel:
    """The model that comes with the product."""
    made = msgspec.json.decode(SHIPPED.read_bytes())
    return JudgementModel(made["made_by"], Forest(**made["forest"]))


def learned(entity: EntityState) -> bool:
    """Whether the entity is of the kind that the judgement was fitted on, and known for long enough."""
    baseline = entity.baseline
    return (
        baseline.busy <= BUSIEST and entity.mentions >= LEARNED_MENTIONS and baseline.age(entity.clock) >= LEARNING
    )  # fmt: skip


def worth_asking(pile_on: float, surge: float) -> bool:
    """Whether there is enough evidence to ask."""
    return pile_on >= ASKED_FROM_PILE_ON or surge >= ASKED_FROM_SURGE


def snowball(entity: EntityState, thread: ThreadEvidence | None, pile_on: float, surge: float) -> float:
    """The judgement at a negative mention that has just been taken in, in nats; `thread` is the one that it answers in,
    with that evidence of a pile-on."""
    return shipped().forest.predict(features(entity, thread, pile_on, surge))


def features(entity: EntityState, thread: ThreadEvidence | None, pile_on: float, surge: float) -> tuple[float, ...]:
    """What the judgement asks, as `FEATURES` has it."""
    b, e = entity.baseline, entity.evidence
    due = b.mu_negative * TAU
    phi, busy = b.phi, b.busy
    soon = due / 6.0  # five minutes of thirty
    if thread is None:
        of_thread = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    else:
        mentions = thread.mentions - thread.repeats
        of_thread = (
            log1p(thread.negative), log1p(mentions), log1p((entity.clock - thread.first) / 60.0), thread.exposure,
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
