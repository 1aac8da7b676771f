"""Labelled streams for calibrating and judging the detector, at the level of events.

One `Month` is one entity: days to learn from, then thirty days that are judged.  Counts have a daily and a weekly
rhythm, drift and over-dispersed noise; sub-critical threads answer ordinary posts; what is to be found (cascades,
groundswells) and what is not (promotions, news, repost floods, brigades) is put in and labelled; the sentiment is
wrong at stated rates; some deliveries are late or repeated.  Seeds of calibration and of judging are kept apart.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from pipeline.detect.mentions.inbound import InboundAuthor, InboundEntity, InboundMention, InboundSentiment

WARM, JUDGED = 14, 30
"""Days to learn from, days judged."""

DAY = 86_400.0
EPOCH = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
CALIBRATION, JUDGING = 1_000_000, 5_000_000
"""First seeds; a month's own seed is added."""

_ENTITY = InboundEntity("e", "Entity")


@dataclass
class Truth:
    """Something that was put in.  Times in seconds since `EPOCH`; `posts` the times of its posts."""

    kind: str
    start: float
    end: float
    size: int
    posts: np.ndarray


@dataclass
class Draft:
    """Posts being written: parallel lists."""

    at: list[float] = field(default_factory=list)
    negative: list[bool] = field(default_factory=list)
    author: list[int] = field(default_factory=list)
    root: list[int] = field(default_factory=list)
    text: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)  # 0 post, 1 reply, 2 repost

    def put(self, at: float, negative: bool, author: int, root: int = -1, text: int = -1, kind: int = 0) -> int:
        """Add a post and give its number; `root` and `text` are numbers of other posts, -1 for its own."""
        number = len(self.at)
        self.at.append(at)
        self.negative.append(negative)
        self.author.append(author if author >= 0 else 1_000_000 + number)
        self.root.append(number if root < 0 else root)
        self.text.append(number if text < 0 else text)
        self.kind.append(kind)
        return number


@dataclass(frozen=True)
class Errors:
    """Rates at which the sentiment is wrong: negatives missed, others marked negative."""

    missed: float = 0.11
    false: float = 0.06


WEAK = Errors(0.31, 0.22)


@dataclass(frozen=True)
class Plan:
    """How many of what a judged month holds, on average."""

    cascades: float = 2.0
    groundswells: float = 0.35
    promotions: float = 1.0
    news: float = 0.7
    floods: float = 1.0
    brigades: float = 0.5
    errors: Errors = Errors()


NULL = Plan(0, 0, 0, 0, 0, 0)
DISTRACTED = Plan(0, 0)


@dataclass
class Month:
    """Mentions in order of arrival, and what is true."""

    mentions: list[InboundMention]
    truths: list[Truth]
    a_day: float


def month(seed: int, plan: Plan = Plan(), trees: list[np.ndarray] | None = None) -> Month:
    """One entity's stream; the same seed gives the same stream.  `trees`: delays (minutes) of real repost trees, which
    then stand in for simulated cascades."""
    rng = np.random.default_rng(seed)
    days = WARM + JUDGED
    a_day = float(np.clip(rng.lognormal(np.log(150.0), 0.8), 15.0, 1500.0))
    share = float(np.clip(rng.beta(4.0, 16.0), 0.05, 0.5))
    draft, truths = Draft(), []
    rate = _rates(rng, a_day, days)
    _chatter(rng, draft, rate, share, days)
    for kind, mean in (("promotion", plan.promotions), ("news", plan.news)):
        for start in _starts(rng, mean):
            _volume(rng, draft, rate, share, start, kind)
    for start in _starts(rng, plan.floods):
        _flood(rng, draft, start)
    truths += [_brigade(rng, draft, start) for start in _starts(rng, plan.brigades)]
    truths += [_cascade(rng, draft, start, trees) for start in _starts(rng, plan.cascades, apart=2.0)]
    truths += [_groundswell(rng, draft, start, a_day * share) for start in _starts(rng, plan.groundswells)[:1]]
    return Month(_heard(rng, draft, plan.errors), truths, a_day)


def _rates(rng: np.random.Generator, a_day: float, days: int) -> np.ndarray:
    """Mentions an hour, hour by hour: rhythm, drift (a week) and noise (hours)."""
    hours = np.arange(days * 24)
    hour, weekend = hours % 24, (hours // 24) % 7 >= 5
    peak, depth = rng.uniform(0, 24), rng.uniform(0.4, 0.85)
    rhythm = 1.0 + depth * np.cos((hour - peak) * np.pi / 12.0) + 0.15 * np.cos((hour - peak) * np.pi / 6.0)
    rhythm = np.where(weekend, rhythm * rng.uniform(0.5, 1.1), rhythm)
    drift = _wander(rng, hours.size, 24.0 * 7, 0.28)
    noise = _wander(rng, hours.size, 3.0, rng.uniform(0.2, 0.45))
    quick = rng.gamma(1.0 / 0.06, 0.06, hours.size)
    rates: np.ndarray = a_day / 24.0 * np.maximum(rhythm, 0.05) * np.exp(drift + noise) * quick
    return rates


def _wander(rng: np.random.Generator, n: int, memory: float, deviation: float) -> np.ndarray:
    """A stationary autoregressive walk."""
    keep = np.exp(-1.0 / memory)
    steps = rng.normal(0.0, deviation * np.sqrt(1.0 - keep * keep), n)
    walk = np.empty(n)
    value = rng.normal(0.0, deviation)
    for i in range(n):
        value = keep * value + steps[i]
        walk[i] = value
    return walk


def _starts(rng: np.random.Generator, mean: float, apart: float = 0.0) -> list[float]:
    """Starting times within the judged days, at least `apart` days from each other."""
    starts: list[float] = []
    for _ in range(rng.poisson(mean)):
        start = WARM + rng.uniform(0.0, JUDGED - 2.0)
        if all(abs(start - other) >= apart for other in starts):
            starts.append(start)
    return [start * DAY for start in sorted(starts)]


def _author(rng: np.random.Generator) -> int:
    """One in six posts is by one of forty regulars."""
    return int(rng.zipf(1.6) % 40) if rng.random() < 1 / 6 else -1


def _chatter(rng: np.random.Generator, draft: Draft, rate: np.ndarray, share: float, days: int) -> None:
    """Ordinary mentions, a third of them with sub-critical threads below."""
    lean = _wander(rng, days * 24, 48.0, 0.3)
    branching = rng.uniform(0.2, 0.55)
    pause = float(rng.lognormal(np.log(1500.0), 0.4))
    logit = np.log(share / (1.0 - share))
    roots = 1.0 - branching  # so that with the answers the rate is as stated
    for h in range(days * 24):
        p = 1.0 / (1.0 + np.exp(-(logit + lean[h])))
        for at in (h + rng.random(rng.poisson(rate[h] * roots))) * 3600.0:
            negative = bool(rng.random() < p)
            number = draft.put(at, negative, _author(rng))
            _answers(rng, draft, at, number, number, negative, branching, p, pause)


def _answers(
    rng: np.random.Generator, draft: Draft, at: float, parent: int, root: int, negative: bool, mean: float, p: float,
    pause: float,
) -> None:  # fmt: skip
    for _ in range(rng.poisson(mean)):
        when = at + rng.exponential(pause)
        same = bool(rng.random() < (0.6 if negative else 0.7 * p))
        number = draft.put(when, same, _author(rng), root, kind=1)
        _answers(rng, draft, when, number, root, same, mean, p, pause)


def _volume(rng: np.random.Generator, draft: Draft, rate: np.ndarray, share: float, start: float, kind: str) -> None:
    """A promotion or news: more of everything; the share of negatives is as usual."""
    hours, times = rng.uniform(3, 14), rng.uniform(2, 7)
    p = share * (0.6 if kind == "promotion" else 1.0)
    for h in range(int(hours)):
        more = rate[min(int(start // 3600) + h, rate.size - 1)] * (times - 1.0) * np.exp(-h / hours)
        for at in start + (h + rng.random(rng.poisson(more))) * 3600.0:
            draft.put(at, bool(rng.random() < p), -1)


def _flood(rng: np.random.Generator, draft: Draft, start: float) -> None:
    """A neutral post reposted very often."""
    size = int(np.exp(rng.uniform(np.log(80), np.log(1500))))
    root = draft.put(start, False, -1)
    for delay in rng.lognormal(np.log(3600.0), 1.2, size):
        draft.put(start + delay, False, -1, root, root, 2)


def _brigade(rng: np.random.Generator, draft: Draft, start: float) -> Truth:
    """Few accounts that post much, or many that copy a text."""
    size = int(rng.integers(50, 300))
    times = np.sort(start + rng.uniform(0, rng.uniform(0.5, 4) * 3600.0, size))
    few = rng.random() < 0.6
    first = draft.put(times[0], True, 500)
    for at in times[1:]:
        author = 500 + int(rng.integers(0, 10)) if few else -1
        draft.put(at, True, author, first if few else -1, -1 if few else first, 1 if few else 0)
    return Truth("brigade", start, float(times[-1]), size, times)


def _cascade(rng: np.random.Generator, draft: Draft, start: float, trees: list[np.ndarray] | None) -> Truth:
    """A pile-on: answers to answers, most in one thread, some outside; or a real tree's times."""
    delays = trees[int(rng.integers(0, len(trees)))] * 60.0 if trees is not None else simulated_tree(rng)
    times = start + delays
    together = rng.uniform(0.5, 0.95) if trees is None else 1.0
    root = draft.put(times[0], True, -1)
    for at in times[1:]:
        inside = rng.random() < together
        negative = bool(rng.random() < 0.85)
        author = int(rng.integers(600, 640)) if rng.random() < 0.1 else -1
        draft.put(at, negative, author, root if inside else -1, kind=1 if inside else 0)
    return Truth("cascade" if trees is None else "tree", start, float(times[-1]), len(times), times)


def simulated_tree(rng: np.random.Generator) -> np.ndarray:
    """Delays in seconds of the posts of a cascade of 20 to 5,000."""
    return _hawkes(rng, int(np.exp(rng.uniform(np.log(20), np.log(5000)))))


def _hawkes(rng: np.random.Generator, most: int) -> np.ndarray:
    """Delays of a self-exciting cascade, conditioned on reaching at least 20 and cut near `most`."""
    while True:
        branching, tau = rng.uniform(0.6, 1.3), rng.lognormal(np.log(1500.0), 0.5)
        fans = int(rng.integers(3, 12))
        times, queue = [0.0], [0.0] * fans
        while queue and len(times) < most:
            wave = [t + rng.exponential(tau) * (1.0 if rng.random() < 0.85 else 5.0) for t in queue]
            times += wave
            queue = [t for t, k in zip(wave, rng.poisson(branching, len(wave)), strict=True) for _ in range(k)]
        if len(times) >= 20:
            return np.sort(np.array(times[: max(most, 20)]))


def _groundswell(rng: np.random.Generator, draft: Draft, start: float, negatives_a_day: float) -> Truth:
    """A slow build-up over three to seven days: negatives come up to 1.8–3.5 times as often."""
    days = rng.uniform(3.0, 7.0)
    start = min(start, (WARM + JUDGED - days) * DAY)
    peak = rng.uniform(1.8, 3.5)
    times = []
    for h in range(int(days * 24)):
        grown = min(1.0, 1.4 * h / (days * 24))
        more = max(negatives_a_day, 10.0) / 24.0 * (peak - 1.0) * grown
        times += list(start + (h + rng.random(rng.poisson(more))) * 3600.0)
    for at in times:
        draft.put(at, True, -1)
    return Truth("groundswell", start, start + days * DAY, len(times), np.sort(np.array(times)))


def _heard(rng: np.random.Generator, draft: Draft, errors: Errors) -> list[InboundMention]:
    """As it arrives: with errors of the model, late and repeated deliveries."""
    n = len(draft.at)
    truth = np.array(draft.negative)
    marked = np.where(truth, rng.random(n) >= errors.missed, rng.random(n) < errors.false)
    sharp = 9.0 if errors.false < 0.1 else 4.0
    p = np.where(marked, rng.beta(sharp, 1.6, n), rng.beta(1.0, sharp + 1.0, n))
    p = np.where(marked, np.maximum(p, 0.501), np.minimum(p, 0.499))
    text = np.array(draft.text)
    p = p[text]  # copies of a text are read alike
    late = np.where(rng.random(n) < 0.03, rng.exponential(3000.0, n), rng.exponential(5.0, n))
    kinds = ("post", "reply", "repost")
    mentions = []
    for i in range(n):
        created = EPOCH + timedelta(seconds=draft.at[i])
        mentions.append(
            InboundMention(
                post_id=f"x:{i}",
                entity=_ENTITY,
                author=InboundAuthor(f"a{draft.author[i]}"),
                created_at=created,
                ingested_at=created + timedelta(seconds=float(late[i])),
                sentiment=InboundSentiment(float(p[i])),
                text=f"words of text number {text[i]}",
                root_id=f"x:{draft.root[i]}",
                kind=kinds[draft.kind[i]],
            )
        )
    again = [i for i in range(n) if rng.random() < 0.02]
    arrived = [(m.ingested_at or m.created_at, m) for m in mentions]
    arrived += [(arrived[i][0] + timedelta(minutes=float(rng.exponential(5.0))), mentions[i]) for i in again]
    arrived.sort(key=lambda pair: pair[0])
    return [m for _, m in arrived]


def real_trees(path: Path, least: int = 20) -> list[np.ndarray]:
    """Delays in minutes of the repost trees of a file `…,root_tweet_id,…,delay_min`; negative delays are dropped."""
    delays: dict[str, list[float]] = {}
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            delay = float(row["delay_min"])
            if delay >= 0.0:
                delays.setdefault(row["root_tweet_id"], []).append(delay)
    return [np.sort(np.array(d)) for d in delays.values() if len(d) >= least]


def months(first: int, count: int, plan: Plan, trees: list[np.ndarray] | None = None) -> Iterator[Month]:
    """Months of consecutive seeds."""
    for seed in range(first, first + count):
        yield month(seed, plan, trees)
