"""Worlds: what a simulated public, its companies and the model that reads it are like.

Each world differs from the others on purpose in what a detector could come to rely on: how sharp the model's
probabilities are and how often it abstains, how answers hang together, how busy companies are and when, what comes
every week, what breaks.  None is fitted to anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

Range = tuple[float, float]
"""Least and most of what is drawn for each company."""


class Offspring(Enum):
    """How many answers a post draws."""

    POISSON = "poisson"
    GEOMETRIC = "geometric"
    STAR = "star"  # the first post draws nearly all answers, a few first posts very many
    REAL = "real"  # the shape of a public reply thread


class Delay(Enum):
    """How long after the post an answer comes."""

    EXPONENTIAL = "exponential"
    LOG_NORMAL = "log-normal"
    POWER = "power"


class Day(Enum):
    """When people write."""

    FLAT = "flat"
    WAVE = "wave"
    OFFICE = "office hours"
    TWO_PEAKS = "two peaks"


@dataclass(frozen=True)
class Model:
    """How the model reads: rates of negatives missed and of others marked, and the shape of its probabilities.

    `hard`: nearly 0 or 1.  `sharp`: larger is surer.  `abstains`: share of texts read as 0.35 to 0.65 and marked as not
    sure.  `reposts_open`: share of much reposted texts that it reads near one half, without saying that it is not sure.
    """

    missed: float = 0.11
    false: float = 0.06
    hard: bool = False
    sharp: float = 8.0
    abstains: float = 0.0
    reposts_open: float = 0.0


@dataclass(frozen=True)
class Talk:
    """Ordinary talk.  `answers`: mean that a post draws; `delay` seconds in the middle; `echo`: how often an answer
    has the mood of its parent; `noise`: shape of the gamma factor of an hour, smaller is burstier; `drift`, `lean`:
    standard deviations of the logarithm of the rate (memory of a week) and of the log-odds of a negative (memory of
    `lean_days`); `regulars`: share of the posts by forty accounts."""

    answers: Range = (0.15, 0.5)
    offspring: Offspring = Offspring.POISSON
    law: Delay = Delay.EXPONENTIAL
    delay: Range = (600.0, 2400.0)
    echo: float = 0.5
    noise: Range = (5.0, 30.0)
    drift: float = 0.2
    lean: float = 0.2
    lean_days: float = 2.0
    regulars: float = 0.15


@dataclass(frozen=True)
class Habits:
    """Rhythm, and what happens without being a crisis.  `weekend`: over a weekday.  By month: `bursts` of an unchanged
    share, `burst` times the usual rate; `promotions`, `news`, `floods` of reposts, `brigades`, `outages` of the source
    (half of them lose what was said, half deliver it late).  `campaign`: the same hour of every week, so many times the
    usual rate; 0 for none."""

    day: Day = Day.WAVE
    weekend: Range = (0.5, 1.1)
    bursts: float = 0.0
    burst: Range = (20.0, 100.0)
    promotions: float = 0.6
    news: float = 0.5
    floods: float = 0.6
    flood: Range = (80.0, 1500.0)
    brigades: float = 0.4
    outages: float = 0.0
    campaign: float = 0.0


@dataclass(frozen=True)
class World:
    """A world.  `size`: mentions a day of its companies, drawn evenly on a logarithmic scale; `share` of negatives;
    `threaded`: part of a snowball that lies in one thread; `real`: snowballs and floods take the times of public
    repost trees."""

    name: str
    about: str
    size: Range
    share: Range = (0.08, 0.32)
    model: Model = Model()
    talk: Talk = Talk()
    habits: Habits = Habits()
    threaded: Range = (0.4, 1.0)
    real: bool = False


@dataclass(frozen=True)
class Happenings:
    """How much of what happens in a world happens: snowballs and groundswells by month, and a factor for all else."""

    snowballs: float = 1.6
    groundswells: float = 0.45
    distractors: float = 1.0


QUIET = Happenings(0.0, 0.0, 0.0)
UNTOUCHED = Happenings(0.0, 0.0)
"""No crisis, but all that is none."""
