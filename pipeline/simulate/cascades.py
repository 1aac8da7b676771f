"""Cascades: snowballs of posts that bring forth more posts.

A branching process in continuous time in the manner of Hawkes (1971): every post brings forth a geometric number of
further ones with mean `branching`, each after a log-normal delay.  Below 1 it needs people who come by themselves
(immigrants), above 1 it feeds itself.  Attention runs out as the target size is reached, so every cascade ends.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.background import Profile, draw_crowd, draw_polarity, draw_regulars
from pipeline.simulate.events import POST, QUOTE, REPLY, REPOST, Columns, Order, blank

SMALLEST, LARGEST = 20, 5_000
_DAMPED_FROM = 0.6
"""Share of the target from which attention falls, to nothing at the target + this share."""
_TRIES = 40


@dataclass(frozen=True, slots=True)
class Tree:
    """Times after the first post (seconds, rising) and the index of the post that each followed from (-1: none)."""

    times: NDArray[np.float64]
    causes: NDArray[np.int64]


def grow(rng: np.random.Generator, branching: float, target: int, pace: float) -> Tree:
    """One cascade that tends to `target` posts; `pace` is the median delay in seconds between cause and effect.

    Undamped, i.e. for the first 60 % of the target, the mean number of children is `branching`.
    """
    queue: list[tuple[float, int]] = [(0.0, -1)]
    immigrants = max(0, round(target * (1.0 - branching)) - 1)
    if immigrants:
        span = pace * rng.uniform(6.0, 20.0)
        queue += [(float(t), -1) for t in rng.gamma(1.6, span / 1.6, immigrants)]
        heapq.heapify(queue)
    else:
        queue += [(float(t), 0) for t in rng.lognormal(log(pace), 1.0, 3 + int(rng.poisson(3.0)))]
        heapq.heapify(queue)
    times: list[float] = []
    causes: list[int] = []
    while queue and len(times) < LARGEST:
        at, cause = heapq.heappop(queue)
        here = len(times)
        times.append(at)
        causes.append(cause)
        attention = min(1.0, max(0.0, 1.0 + _DAMPED_FROM - here / target))
        children = int(rng.geometric(1.0 / (1.0 + branching * attention))) - 1
        for delay in rng.lognormal(log(pace), 1.0, children):
            heapq.heappush(queue, (at + float(delay), here))
    return Tree(np.array(times), np.array(causes, dtype=np.int64))


def grow_to_size(rng: np.random.Generator, branching: float, target: int, pace: float) -> Tree:
    """A cascade of 0.6 to 1.5 times the target, 20 to 5,000 posts; the nearest to it if no try comes so near."""
    best = grow(rng, branching, target, pace)
    for _ in range(_TRIES):
        size = len(best.times)
        if 0.6 * target <= size <= 1.5 * target and size >= SMALLEST:
            break
        other = grow(rng, branching, target, pace)
        if abs(log(len(other.times) / target)) < abs(log(size / target)):
            best = other
    return best


@dataclass(frozen=True, slots=True)
class CascadeShape:
    """What a cascade is like; drawn unless ordered."""

    branching: float
    target: int
    pace: float
    threaded: float


def draw_shape(rng: np.random.Generator, order: Order) -> CascadeShape:
    """Branching 0.6 to 1.3; 20 to 5,000 posts, small ones commoner; a pace of 4 to 25 minutes."""
    branching = float(rng.uniform(0.6, 1.3))
    target = round(float(np.exp(rng.uniform(log(26.0), log(4_000.0)))))
    pace = float(np.exp(rng.uniform(log(240.0), log(1_500.0))))
    threaded = float(rng.uniform(0.3, 1.0))
    return CascadeShape(
        branching=branching if order.branching is None else order.branching,
        target=target if order.size is None else order.size,
        pace=pace if order.pace is None else order.pace,
        threaded=threaded if order.threaded is None else order.threaded,
    )


def cascade(rng: np.random.Generator, order: Order, profile: Profile, shape: CascadeShape) -> Columns:
    """The posts of a snowball: mostly negative, mostly by people who have not written about the entity before."""
    tree = grow_to_size(rng, shape.branching, shape.target, shape.pace)
    count = len(tree.times)
    events = blank(count)
    events["created"] = order.start + tree.times
    events["polarity"] = draw_polarity(rng, count, float(rng.uniform(0.8, 0.95)), 0.03)
    events["polarity"][0] = -1
    events["author"] = _authors(rng, order.entity, profile, count)
    inside = rng.random(count) < shape.threaded
    kinds = rng.choice([REPLY, QUOTE, REPOST], count, p=[0.76, 0.12, 0.12])
    for i in range(1, count):
        if not inside[i]:
            continue
        cause = max(0, int(tree.causes[i]))  # who comes by himself and joins in answers the first post
        events["kind"][i] = kinds[i]
        events["parent"][i] = cause
        events["root"][i] = events["root"][cause]
        if kinds[i] == REPOST:
            events["text"][i] = events["text"][cause]
            events["polarity"][i] = events["polarity"][cause]
    assert events["kind"][0] == POST
    return events


def _authors(rng: np.random.Generator, entity: int, profile: Profile, count: int) -> NDArray[np.int64]:
    """Nine in ten are new faces; one post in eight is by somebody who has already written in this story."""
    authors = np.where(rng.random(count) < 0.1, draw_regulars(rng, entity, profile, count), draw_crowd(rng, count))
    again = np.flatnonzero(rng.random(count) < 0.125)
    for i in again[again > 0]:
        authors[i] = authors[int(rng.integers(0, i))]
    return np.asarray(authors, dtype=np.int64)
