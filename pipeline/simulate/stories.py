"""Stories besides cascades: groundswells, amplifications, distractors that must not page."""

from __future__ import annotations

from math import log

import numpy as np

from pipeline.simulate.background import DAY, Profile, draw_crowd, draw_polarity, draw_regulars, season
from pipeline.simulate.events import REPLY, REPOST, Columns, Order, blank


def groundswell(rng: np.random.Generator, order: Order, profile: Profile) -> Columns:
    """Three to seven days in which ever more people complain, each with a story of their own.

    The extra negatives rise in a straight line to 1.2 to 3 times the usual number of negatives.
    """
    days = float(rng.uniform(3.0, 7.0))
    peak = profile.level * profile.negative * float(rng.uniform(1.2, 3.0))
    mean = max(40.0, peak * days / 2.0)
    count = order.size or max(30, int(rng.poisson(mean)))
    # candidates twice over, thinned by the season, so that people sleep in a groundswell too
    times = order.start + days * DAY * np.sqrt(rng.random(4 * count))
    weight = season(profile, times)
    times = np.sort(times[rng.random(len(times)) < weight / max(float(weight.max()), 1e-9)][:count])
    events = blank(len(times))
    events["created"] = times
    events["polarity"] = draw_polarity(rng, len(times), 0.92, 0.02)
    events["author"] = draw_crowd(rng, len(times))
    return events


def amplification(rng: np.random.Generator, order: Order, profile: Profile) -> Columns:
    """One negative post, spread by 150 to 3,000 people who add nothing of their own."""
    return _spread(rng, order, polarity=-1)


def repost_flood(rng: np.random.Generator, order: Order, profile: Profile) -> Columns:
    """One neutral post, spread just as widely: a distractor."""
    return _spread(rng, order, polarity=0)


def _spread(rng: np.random.Generator, order: Order, polarity: int) -> Columns:
    count = order.size or round(float(np.exp(rng.uniform(log(150.0), log(3_000.0)))))
    span = float(np.exp(rng.uniform(log(3_600.0), log(8 * 3_600.0))))
    events = blank(count)
    events["created"] = order.start + np.concatenate([[0.0], np.sort(rng.gamma(1.4, span / 1.4, count - 1))])
    events["polarity"] = polarity
    events["author"] = draw_crowd(rng, count)
    events["text"] = 0
    events["root"] = 0
    events["parent"][1:] = 0
    events["kind"][1:] = REPOST
    return events


def promotion(rng: np.random.Generator, order: Order, profile: Profile) -> Columns:
    """A campaign: many happy or neutral posts, a third of them copied, a few grumblers."""
    events = _crowd(rng, order, profile, low=150.0, high=2_500.0, hours=(2.0, 12.0))
    count = len(events)
    events["polarity"] = draw_polarity(rng, count, profile.negative * 0.5, 0.6)
    copied = np.flatnonzero(rng.random(count) < 0.33)
    slogans = rng.integers(0, min(5, count), len(copied))
    events["text"][copied] = slogans
    events["polarity"][: min(5, count)] = 1
    events["polarity"][copied] = 1
    return events


def news_surge(rng: np.random.Generator, order: Order, profile: Profile) -> Columns:
    """The company is in the news: two to six times as many posts for hours, of the usual mixture."""
    events = _crowd(rng, order, profile, low=100.0, high=2_500.0, hours=(4.0, 20.0))
    events["polarity"] = draw_polarity(rng, len(events), profile.negative, profile.positive)
    replies = np.flatnonzero(rng.random(len(events)) < 0.3)
    for i in replies[replies > 0]:
        cause = int(rng.integers(0, i))
        events["kind"][i] = REPLY
        events["parent"][i] = cause
        events["root"][i] = events["root"][cause]
    return events


def _crowd(
    rng: np.random.Generator, order: Order, profile: Profile, low: float, high: float, hours: tuple[float, float]
) -> Columns:
    """People who come over some hours, soonest most; half of them regulars when the entity has many."""
    span = float(rng.uniform(*hours)) * 3_600.0
    usual = profile.level * span / DAY
    count = order.size or int(np.clip(usual * rng.uniform(2.0, 6.0), low, high))
    events = blank(count)
    events["created"] = order.start + np.sort(rng.beta(1.3, 2.2, count)) * span
    regulars = draw_regulars(rng, order.entity, profile, count)
    events["author"] = np.where(rng.random(count) < 0.3, regulars, draw_crowd(rng, count))
    return events


def brigade(rng: np.random.Generator, order: Order, profile: Profile) -> Columns:
    """Five to 25 accounts that post the same few sentences in lockstep: negative, and not the public."""
    accounts = draw_crowd(rng, int(rng.integers(5, 26)))
    count = order.size or round(float(np.exp(rng.uniform(log(60.0), log(600.0)))))
    events = blank(count)
    turn = np.arange(count) // len(accounts)
    gap = float(rng.uniform(60.0, 900.0))
    events["created"] = order.start + np.sort(turn * gap + rng.exponential(8.0, count))
    events["author"] = accounts[np.arange(count) % len(accounts)]
    sentences = min(count, int(rng.integers(2, 7)))
    events["text"] = np.concatenate([np.arange(sentences), rng.integers(0, sentences, count - sentences)])
    events["polarity"] = -1
    return events
