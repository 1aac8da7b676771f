"""What happens in a world beside ordinary talk: what is to be found, labelled, and what is not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.detection.streams import JUDGED, WARM, Truth
from benchmarks.detection.worlds.posts import REPLY, REPOST, Floats, Posts, single
from benchmarks.detection.worlds.talk import DAY, HOUR, Company, between, threads
from benchmarks.detection.worlds.trees import Trees
from benchmarks.detection.worlds.world import Happenings, World

SMALLEST, LARGEST = 20, 3000
_FEWEST_A_DAY = 4.0  # negatives a day by which a groundswell of a small company is measured
_CAMPAIGN_HOURS = 6
_APART = 2.0  # days between snowballs


def distractors(rng: np.random.Generator, world: World, of: Company, factor: float, trees: Trees | None) -> list[Posts]:
    """Promotions, news, bursts, campaigns and floods of reposts: nothing that anybody should be paged for."""
    habits = world.habits
    kinds = (
        (habits.promotions, (2.0, 8.0), (3.0, 14.0), 0.6),
        (habits.news, (2.0, 12.0), (4.0, 20.0), 1.0),
        (habits.bursts, habits.burst, (0.5, 3.0), 1.0),
    )
    blocks = [
        _volume(rng, world, of, start, between(rng, times), rng.uniform(*hours), share)
        for mean, times, hours, share in kinds
        for start in _starts(rng, mean * factor)
    ]
    if habits.campaign and factor:
        weekly = np.arange(rng.uniform(0.0, 7.0) * DAY, (WARM + JUDGED - 1) * DAY, 7 * DAY)
        blocks += [_volume(rng, world, of, float(at), habits.campaign, _CAMPAIGN_HOURS, 0.7) for at in weekly]
    return blocks + [_flood(rng, world, start, trees) for start in _starts(rng, habits.floods * factor)]


def brigades(rng: np.random.Generator, world: World, factor: float) -> Iterator[tuple[Posts, Truth]]:
    """Few accounts that post much, or many that copy a text: may be shown, and is not counted for or against."""
    for start in _starts(rng, world.habits.brigades * factor):
        n = int(rng.integers(50, 300))
        at = np.sort(start + rng.uniform(0.0, rng.uniform(0.5, 4.0) * HOUR, n))
        if rng.random() < 0.6:
            posts = single(at, np.ones(n, bool), 500 + rng.integers(0, 10, n))
            posts = posts._replace(root=np.zeros(n, np.int64), kind=np.where(np.arange(n), REPLY, 0))
        else:
            posts = single(at, np.ones(n, bool))._replace(text=np.zeros(n, np.int64))
        yield posts, _truth("brigade", at)


def snowballs(
    rng: np.random.Generator, world: World, happenings: Happenings, trees: Trees | None
) -> Iterator[tuple[Posts, Truth]]:
    """Complaints that bring forth more of them."""
    for start in _starts(rng, happenings.snowballs, _APART):
        if world.real and trees is not None:
            delay = trees.reposts[int(rng.integers(0, len(trees.reposts)))][:LARGEST]
        else:
            delay = _self_exciting(rng, int(between(rng, (SMALLEST, LARGEST))))
        at, n = start + delay, delay.size
        negative = rng.random(n) < rng.uniform(0.75, 0.95)
        negative[0] = True
        author = np.where(rng.random(n) < 0.12, 600 + rng.integers(0, 40, n), -1)
        inside = rng.random(n) < rng.uniform(*world.threaded)
        inside[0] = False
        posts = single(at, negative, author)
        posts = posts._replace(root=np.where(inside, 0, posts.root), kind=np.where(inside, REPLY, 0))
        yield posts, _truth("cascade", at)


def groundswell(rng: np.random.Generator, of: Company, mean: float) -> tuple[Posts, Truth] | None:
    """Negatives that come 1.6 to 3.2 times as often in the end, rising over three to seven days."""
    starts = _starts(rng, mean)
    if not starts:
        return None
    days, peak = rng.uniform(3.0, 7.0), rng.uniform(1.6, 3.2)
    start = min(starts[0], (WARM + JUDGED - days) * DAY)
    usual = max(of.a_day * of.share, _FEWEST_A_DAY)
    hours = np.arange(int(days * 24))
    grown = np.minimum(1.0, 1.4 * hours / hours.size)
    counts = rng.poisson(usual / 24.0 * (peak - 1.0) * grown)
    at = start + (np.repeat(hours, counts) + rng.random(int(counts.sum()))) * HOUR
    if not at.size:
        return None
    return single(at, np.ones(at.size, bool)), Truth("groundswell", start, start + days * DAY, at.size, np.sort(at))


def _truth(kind: str, at: Floats) -> Truth:
    return Truth(kind, float(at[0]), float(at[-1]), at.size, at)


def _starts(rng: np.random.Generator, mean: float, apart: float = 0.0) -> list[float]:
    """Starting times within the judged days, in seconds, at least `apart` days from each other."""
    starts: list[float] = []
    for start in WARM + rng.uniform(0.0, JUDGED - 2.0, rng.poisson(mean)):
        if all(abs(start - other) >= apart for other in starts):
            starts.append(float(start))
    return [start * DAY for start in sorted(starts)]


def _volume(
    rng: np.random.Generator, world: World, of: Company, start: float, times: float, hours: float, factor: float
) -> Posts:
    """More of everything, answers included, at `factor` of the usual share of negatives, fading over `hours`."""
    hour = np.arange(max(1, round(hours)))
    usual = of.rate[np.minimum(start // HOUR + hour, of.rate.size - 1).astype(int)]
    more = usual * (times - 1.0) * np.exp(-hour / hours) * (1.0 - of.answers)
    counts = rng.poisson(np.maximum(more, 0.0))
    at = start + (np.repeat(hour, counts) + rng.random(int(counts.sum()))) * HOUR
    return threads(rng, world.talk, of, single(at, of.negative(rng, at, factor)))


def _flood(rng: np.random.Generator, world: World, start: float, trees: Trees | None) -> Posts:
    """A post that is no complaint, reposted very often."""
    if world.real and trees is not None:
        delay = trees.reposts[int(rng.integers(0, len(trees.reposts)))]
    else:
        delay = np.sort(rng.lognormal(np.log(3600.0), 1.2, int(between(rng, world.habits.flood))))
    at = start + np.concatenate([[0.0], delay])
    first, n = np.zeros(at.size, np.int64), at.size
    kind = np.where(np.arange(n), REPOST, 0)
    return single(at, np.zeros(n, bool))._replace(root=first, text=first, kind=kind)


def _self_exciting(rng: np.random.Generator, most: int) -> Floats:
    """Delays of a cascade that reaches at least the smallest size and is cut at `most`, wave by wave."""
    while True:
        branching, middle = rng.uniform(0.6, 1.3), rng.lognormal(np.log(1200.0), 0.6)
        waves = [np.zeros(1)]
        parents = np.zeros(int(rng.integers(3, 12)))
        total = 1
        while parents.size and total < 2 * most:
            wave = parents + rng.exponential(middle, parents.size) * np.where(rng.random(parents.size) < 0.85, 1.0, 5.0)
            waves.append(wave)
            total += wave.size
            parents = np.repeat(wave, rng.poisson(branching, wave.size))
        if total >= SMALLEST:
            return np.sort(np.concatenate(waves))[: max(most, SMALLEST)]
