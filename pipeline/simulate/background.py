"""Background talk about an entity: seasonal, drifting, over-dispersed, in short threads.

Posts that start a thread come from a doubly stochastic (gamma-Poisson) process: level x drift x season x a factor
(gamma, mean 1) per hour, so that hourly counts have variance mean + mean² / dispersion.  Each post draws a geometric
number of answers with a mean below one; that makes bursts which are not snowballs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.events import POST, QUOTE, REPLY, REPOST, Columns, blank

DAY = 86_400.0
_HOUR = 3_600.0
REGULARS = 1_000_000
"""Authors of an entity's own public are numbered from entity x this; the crowd from `CROWD` up."""
CROWD = 10**12
_WEEKDAY_OF_EPOCH = 3  # 1 January 1970 was a Thursday; Monday is 0


@dataclass(frozen=True, slots=True)
class Profile:
    """What is usual for an entity."""

    level: float
    """Posts a day, answers included."""
    peak_hour: float
    """Hour (UTC) at which people write most."""
    amplitude: float
    """0-1: how much more than average they write then."""
    weekend: float
    """Weekend over weekday."""
    dispersion: float
    """Shape of the hourly gamma factor; smaller is burstier."""
    drift: float
    """Standard deviation of a day's step of the log rate; it reverts with a half-life of about ten days."""
    negative: float
    """Share of negatives."""
    positive: float
    """Share of positives."""
    thread: float
    """Mean number of answers to a post, < 1."""


def draw_profile(rng: np.random.Generator) -> Profile:
    """An entity as they come: 5 to 5,000 posts a day, median about 250."""
    negative = float(rng.uniform(0.08, 0.32))
    return Profile(
        level=float(np.clip(exp(rng.normal(log(250.0), 1.2)), 5.0, 5_000.0)),
        peak_hour=float(rng.uniform(0.0, 24.0)),
        amplitude=float(rng.uniform(0.4, 0.85)),
        weekend=float(rng.uniform(0.55, 1.15)),
        dispersion=float(rng.uniform(8.0, 40.0)),
        drift=float(rng.uniform(0.02, 0.06)),
        negative=negative,
        positive=float(rng.uniform(0.1, 0.35)),
        thread=float(rng.uniform(0.15, 0.45)),
    )


def season(profile: Profile, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factor of the usual rate at these times; its mean over a week is 1."""
    hours = times / _HOUR
    daily = 1.0 + profile.amplitude * np.cos((hours - profile.peak_hour) * (2.0 * np.pi / 24.0))
    weekday = (np.floor(times / DAY).astype(np.int64) + _WEEKDAY_OF_EPOCH) % 7
    weekly = np.where(weekday >= 5, profile.weekend, 1.0) / ((5.0 + 2.0 * profile.weekend) / 7.0)
    return np.asarray(daily * weekly, dtype=np.float64)


def draw_polarity(rng: np.random.Generator, count: int, negative: float, positive: float) -> NDArray[np.int8]:
    """Truths: -1, 0 or 1."""
    u = rng.random(count)
    return np.where(u < negative, -1, np.where(u < negative + positive, 1, 0)).astype(np.int8)


class Background:
    """The endless ordinary talk about one entity, a day at a time; days must be asked for in order."""

    def __init__(self, entity: int, profile: Profile, rng: np.random.Generator) -> None:
        self.entity = entity
        self.profile = profile
        self._rng = rng
        self._log_drift = 0.0
        self._logit_drift = 0.0
        self._next = 0

    def day(self, start: float) -> Columns:
        """Threads that begin in the 24 hours from `start`, whole (answers may lie later); created times only."""
        p, rng = self.profile, self._rng
        self._log_drift = 0.93 * self._log_drift + float(rng.normal(0.0, p.drift))
        self._logit_drift = 0.93 * self._logit_drift + float(rng.normal(0.0, 0.05))
        hours = start + _HOUR * np.arange(24, dtype=np.float64)
        mean = p.level * (1.0 - p.thread) / 24.0 * exp(self._log_drift) * season(p, hours + _HOUR / 2.0)
        counts = rng.poisson(mean * rng.gamma(p.dispersion, 1.0 / p.dispersion, 24))
        roots = blank(int(counts.sum()))
        roots["created"] = np.repeat(hours, counts) + rng.random(len(roots)) * _HOUR
        roots["polarity"] = draw_polarity(rng, len(roots), self.negative_share(), p.positive)
        events = self._answers(roots)
        events["entity"] = self.entity
        events["author"] = draw_regulars(rng, self.entity, p, len(events))
        for name in ("post", "root", "text"):
            events[name] += self._next
        events["parent"] = np.where(events["parent"] >= 0, events["parent"] + self._next, -1)
        self._next += len(events)
        return events

    def negative_share(self) -> float:
        """Share of negatives now, drift included."""
        logit = log(self.profile.negative / (1.0 - self.profile.negative)) + self._logit_drift
        return 1.0 / (1.0 + exp(-logit))

    def _answers(self, roots: Columns) -> Columns:
        """The roots and all that follows from them, generation by generation."""
        p, rng = self.profile, self._rng
        generations, last, count = [roots], roots, len(roots)
        while len(last):
            children = rng.geometric(1.0 / (1.0 + p.thread), len(last)) - 1
            parents = np.repeat(last, children)
            answers = blank(len(parents))
            for name in ("post", "text"):
                answers[name] += count
            answers["parent"] = parents["post"]
            answers["root"] = parents["root"]
            answers["created"] = parents["created"] + rng.lognormal(log(900.0), 1.2, len(parents))
            answers["kind"] = rng.choice([REPLY, QUOTE, REPOST], len(parents), p=[0.8, 0.08, 0.12])
            echo = rng.random(len(parents)) < 0.35
            own = draw_polarity(rng, len(parents), self.negative_share(), p.positive)
            copies = answers["kind"] == REPOST
            answers["polarity"] = np.where(echo | copies, parents["polarity"], own)
            answers["text"] = np.where(copies, parents["text"], answers["text"])
            generations.append(answers)
            count += len(answers)
            last = answers
        events = np.concatenate(generations)
        assert np.all(events["kind"][: len(roots)] == POST)
        return events


def draw_regulars(rng: np.random.Generator, entity: int, profile: Profile, count: int) -> NDArray[np.int64]:
    """Authors of an entity's own public; a few write much, most once or twice a month."""
    pool = int(min(REGULARS - 1, max(40.0, profile.level * 12.0)))
    return entity * REGULARS + np.floor(pool * rng.random(count) ** 2.0).astype(np.int64)


def draw_crowd(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """People from everywhere, who seldom come twice."""
    return CROWD + rng.integers(0, 10**10, count)
