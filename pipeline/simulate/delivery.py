"""Delivery of events: through an imperfect model, late, and sometimes twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.events import Columns


@dataclass(frozen=True, slots=True)
class SentimentErrors:
    """Shares of negatives that are missed and of others that are marked negative."""

    missed: float = 0.11
    false: float = 0.06


@dataclass(frozen=True, slots=True)
class Lateness:
    """How posts arrive.  Most within seconds; some late; some again; at times a source is down and catches up."""

    late: float = 0.02
    """Share that comes late, by 40 minutes on average."""
    repeated: float = 0.01
    """Share that is delivered once more, within minutes or hours."""
    outages: float = 0.2
    """Per entity and month; each lasts 20 to 120 minutes, after which everything comes at once."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The source was silent from `start` to `end` (seconds since 1970)."""

    start: float
    end: float


def observe(rng: np.random.Generator, events: Columns, errors: SentimentErrors) -> None:
    """Fill in the probability of `negative` that a model gives; copies of a text share one answer, right or wrong.

    Above 0.5 means "negative".  Right answers are mostly sure ones, wrong answers lie nearer to 0.5.
    """
    _, first, inverse = np.unique(events["text"], return_index=True, return_inverse=True)
    truth = events["polarity"][first] == -1
    wrong = rng.random(len(first)) < np.where(truth, errors.missed, errors.false)
    margin = np.where(wrong, rng.beta(1.3, 2.2, len(first)), rng.beta(3.0, 1.1, len(first)))
    negative = np.where(truth ^ wrong, 0.5 + 0.5 * margin, 0.5 - 0.5 * margin)
    events["negative"] = np.clip(negative, 0.001, 0.999)[inverse]


def deliver(rng: np.random.Generator, events: Columns, how: Lateness, outages: list[Outage]) -> Columns:
    """The events with their arrivals, and the repeats after them; nothing arrives before it was written."""
    count = len(events)
    delay = rng.lognormal(0.7, 0.6, count)
    late = rng.random(count) < how.late
    delay = np.where(late, 60.0 + rng.exponential(2_400.0, count), delay)
    events["arrived"] = events["created"] + delay
    for outage in outages:
        held = (events["arrived"] >= outage.start) & (events["arrived"] < outage.end)
        events["arrived"][held] = outage.end + rng.random(int(held.sum())) * 30.0
    again = events[rng.random(count) < how.repeated].copy()
    again["repeat"] = True
    again["arrived"] += np.where(rng.random(len(again)) < 0.5, 0.2, 1.0) * rng.exponential(7_200.0, len(again))
    return np.concatenate([events, again])
