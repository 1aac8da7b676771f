"""Ordinary talk of a world: a rhythm, drift, bursts and threads.

First posts come from a gamma-Poisson process; answers follow generation by generation, all of one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.worlds.posts import REPLY, Flags, Floats, Posts, Whole, regulars, single
from benchmarks.detection.worlds.trees import Trees
from benchmarks.detection.worlds.world import Day, Delay, Offspring, Range, Talk, World

HOUR, DAY = 3600.0, 86_400.0
_GENERATIONS = 30
_LATEST = 5 * DAY


@dataclass(frozen=True)
class Company:
    """What is usual for one company: mentions and the share of negatives hour by hour, and how answers come."""

    a_day: float
    share: float
    rate: Floats
    odds: Floats
    answers: float
    delay: float

    def negative(self, rng: np.random.Generator, at: Floats, factor: float = 1.0) -> Flags:
        """Moods of posts at these times, at `factor` of the usual share."""
        hour = np.clip((at // HOUR).astype(int), 0, self.odds.size - 1)
        return np.asarray(rng.random(at.size) < factor / (1.0 + np.exp(-self.odds[hour])))


def between(rng: np.random.Generator, span: Range) -> float:
    """A number from the range, evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(span[0]), np.log(span[1]))))


def company(rng: np.random.Generator, world: World, days: int) -> Company:
    """A company of the world, over so many days."""
    talk = world.talk
    a_day, share = between(rng, world.size), float(rng.uniform(*world.share))
    hours = np.arange(days * 24)
    shape = between(rng, talk.noise)
    noise = rng.gamma(shape, 1.0 / shape, hours.size)
    rhythm = _rhythm(rng, world, hours)
    rate = a_day / 24.0 * rhythm / rhythm.mean() * np.exp(wander(rng, hours.size, 168.0, talk.drift)) * noise
    odds = np.log(share / (1.0 - share)) + wander(rng, hours.size, 24.0 * talk.lean_days, talk.lean)
    return Company(a_day, share, rate, odds, between(rng, talk.answers), between(rng, talk.delay))


def _rhythm(rng: np.random.Generator, world: World, hours: Whole) -> Floats:
    hour, weekend = hours % 24, hours // 24 % 7 >= 5
    peak, depth = rng.uniform(0.0, 24.0), rng.uniform(0.4, 0.9)
    turn = (hour - peak) * np.pi / 12.0
    day = {
        Day.FLAT: np.ones(hours.size),
        Day.WAVE: 1.0 + depth * np.cos(turn),
        Day.OFFICE: np.where((hour - peak) % 24 < 9.0, 1.0, 0.08),
        Day.TWO_PEAKS: 0.25 + np.exp(3.0 * (np.cos(turn) - 1.0)) + 0.7 * np.exp(4.0 * (np.cos(turn - 2.4) - 1.0)),
    }[world.habits.day]
    return np.asarray(np.where(weekend, day * between(rng, world.habits.weekend), day))


def wander(rng: np.random.Generator, n: int, memory: float, deviation: float) -> Floats:
    """A stationary autoregressive walk with that standard deviation, which forgets in `memory` steps."""
    held = float(np.exp(-1.0 / memory))
    steps = rng.normal(0.0, deviation * np.sqrt(1.0 - held * held), n)
    steps[0] = rng.normal(0.0, deviation)
    walk, value = np.empty(n), 0.0
    for i, step in enumerate(steps):
        value = held * value + step
        walk[i] = value
    return walk


def ordinary(rng: np.random.Generator, world: World, of: Company, trees: Trees | None) -> Posts:
    """All that is said from day to day; with the answers the rate is as stated."""
    counts = rng.poisson(of.rate * (1.0 - of.answers))
    at = (np.repeat(np.arange(of.rate.size), counts) + rng.random(int(counts.sum()))) * HOUR
    return threads(rng, world.talk, of, single(at, of.negative(rng, at)), trees)


def threads(rng: np.random.Generator, talk: Talk, of: Company, first: Posts, trees: Trees | None = None) -> Posts:
    """These first posts with all that answers them."""
    generations, last, count = [first], first, first.at.size
    for generation in range(_GENERATIONS):
        if not last.at.size:
            break
        children, delay = _children(rng, talk, of, last.at.size, generation, trees)
        parent = np.repeat(np.arange(last.at.size), children)
        at = last.at[parent] + np.minimum(delay, _LATEST)
        echo = rng.random(parent.size) < talk.echo
        negative = np.where(echo, last.negative[parent], of.negative(rng, at))
        number = count + np.arange(parent.size)
        last = Posts(at, negative, last.author[parent], last.root[parent], number, np.full(parent.size, REPLY))
        generations.append(last)
        count += parent.size
    whole = Posts(*(np.concatenate([g[i] for g in generations]) for i in range(len(Posts._fields))))
    return whole._replace(author=regulars(rng, count, talk.regulars))


def _children(
    rng: np.random.Generator, talk: Talk, of: Company, n: int, generation: int, trees: Trees | None
) -> tuple[Whole, Floats]:
    """How many answers each of `n` posts draws, and after how many seconds each of them comes."""
    mean = of.answers
    if talk.offspring is Offspring.REAL and trees is not None:
        if generation:
            return np.zeros(n, np.int64), np.empty(0)
        return trees.answered(rng, n, mean / (1.0 - mean))
    if talk.offspring is Offspring.STAR:
        whole = mean / (1.0 - mean)
        children = rng.negative_binomial(0.15, 0.15 / (0.15 + whole), n) if not generation else np.zeros(n, np.int64)
    elif talk.offspring is Offspring.GEOMETRIC:
        children = rng.geometric(1.0 / (1.0 + mean), n) - 1
    else:
        children = rng.poisson(mean, n)
    return children, delays(rng, talk.law, of.delay, int(children.sum()))


def delays(rng: np.random.Generator, law: Delay, middle: float, n: int) -> Floats:
    """Seconds until answers come, half of them within `middle`."""
    if law is Delay.EXPONENTIAL:
        return rng.exponential(middle / np.log(2.0), n)
    if law is Delay.LOG_NORMAL:
        return rng.lognormal(np.log(middle), 1.1, n)
    return np.asarray(middle * (rng.pareto(1.2, n) / (2.0 ** (1.0 / 1.2) - 1.0)))
