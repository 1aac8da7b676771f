"""A month of one company of a world, as the detector receives it, with what is true of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.detection.streams import EPOCH, JUDGED, WARM, Month, Truth
from benchmarks.detection.worlds import happenings as put_in
from benchmarks.detection.worlds.posts import KINDS, REPOST, Flags, Floats, Posts, joined
from benchmarks.detection.worlds.talk import DAY, HOUR, between, company, ordinary
from benchmarks.detection.worlds.trees import read
from benchmarks.detection.worlds.world import Happenings, Model, World
from pipeline.detect.mentions.inbound import InboundAuthor, InboundEntity, InboundMention, InboundSentiment

_ENTITY = InboundEntity("e", "Entity")
_LEAST_SURE, _MOST_SURE = 0.35, 0.65
_MUCH_REPOSTED = 20
_LATE, _AGAIN = 0.03, 0.02


def month(seed: int, world: World, happenings: Happenings, threads: Path | None = None) -> Month:
    """The same seed gives the same stream.  `threads`: the folder of public threads, for worlds that have their shapes.

    Raises `ValueError` for such a world without the folder.
    """
    if world.real and threads is None:
        raise ValueError(f"the world {world.name!r} needs the folder of public threads (--threads)")
    trees = read(threads) if world.real and threads is not None else None
    rng = np.random.default_rng([seed, *world.name.encode()])
    of = company(rng, world, WARM + JUDGED)
    blocks = [ordinary(rng, world, of, trees)]
    truths: list[Truth] = []
    blocks += put_in.distractors(rng, world, of, happenings.distractors, trees)
    labelled = [
        *put_in.brigades(rng, world, happenings.distractors),
        *put_in.snowballs(rng, world, happenings, trees),
    ]
    swell = put_in.groundswell(rng, of, happenings.groundswells)
    for posts, truth in labelled if swell is None else [*labelled, swell]:
        blocks.append(posts)
        truths.append(truth)
    posts = joined(blocks)
    return Month(_delivered(rng, world, posts, _outages(rng, world, happenings)), truths, of.a_day)


def judgement_of(rng: np.random.Generator, model: Model, posts: Posts) -> tuple[Floats, Flags]:
    """How likely each post is negative as the model reads it, copies of a text alike; and whether it is sure."""
    n = posts.at.size
    marked = np.where(posts.negative, rng.random(n) >= model.missed, rng.random(n) < model.false)
    if model.hard:
        p = np.where(marked, 0.98, 0.02)
    else:
        p = np.where(marked, rng.beta(model.sharp, 1.6, n), rng.beta(1.0, model.sharp + 1.0, n))
        p = np.where(marked, np.maximum(p, 0.501), np.minimum(p, 0.499))
    sure = np.ones(n, bool)
    if model.abstains:
        sure = rng.random(n) >= model.abstains
        p = np.where(sure, p, rng.uniform(_LEAST_SURE, _MOST_SURE, n))
    if model.reposts_open:
        copies = np.bincount(posts.text[posts.kind == REPOST], minlength=n)
        near = (copies >= _MUCH_REPOSTED) & (rng.random(n) < model.reposts_open)
        p, sure = np.where(near, rng.uniform(0.42, 0.58, n), p), sure | near
    return p[posts.text], sure[posts.text]


def _outages(rng: np.random.Generator, world: World, happenings: Happenings) -> list[tuple[float, float, bool]]:
    """Spans in which the source is silent, and whether what was said in them is lost."""
    count = rng.poisson(world.habits.outages * min(1.0, happenings.distractors))
    starts = (WARM + rng.uniform(0.0, JUDGED - 1.0, count)) * DAY
    return [(s, s + between(rng, (2.0, 16.0)) * HOUR, bool(rng.random() < 0.5)) for s in starts]


def _delivered(
    rng: np.random.Generator, world: World, posts: Posts, outages: list[tuple[float, float, bool]]
) -> list[InboundMention]:
    """As it arrives: read by the model, some late, some twice, what fell in an outage after it or not at all."""
    n = posts.at.size
    p, sure = judgement_of(rng, world.model, posts)
    arrival = posts.at + np.where(rng.random(n) < _LATE, rng.exponential(3000.0, n), rng.exponential(5.0, n))
    there = posts.at < (WARM + JUDGED) * DAY
    for start, end, lost in outages:
        silent = (arrival >= start) & (arrival < end)
        if lost:
            there &= ~silent
        else:
            arrival = np.where(silent, end + rng.exponential(30.0, n), arrival)
    columns = zip(
        posts.at.tolist(), arrival.tolist(), p.tolist(), sure.tolist(), posts.author.tolist(), posts.root.tolist(),
        posts.text.tolist(), posts.kind.tolist(), there.tolist(), strict=True,
    )  # fmt: skip
    mentions = [
        (
            arrived,
            InboundMention(
                post_id=f"x:{i}",
                entity=_ENTITY,
                author=InboundAuthor(f"a{author}"),
                created_at=EPOCH + timedelta(seconds=at),
                ingested_at=EPOCH + timedelta(seconds=arrived),
                sentiment=InboundSentiment(negative, 0.0, known),
                text=f"words of text number {text}",
                root_id=f"x:{root}",
                kind=KINDS[kind],
            ),
        )
        for i, (at, arrived, negative, known, author, root, text, kind, real) in enumerate(columns)
        if real
    ]
    again = np.flatnonzero(rng.random(len(mentions)) < _AGAIN)
    mentions += [(mentions[i][0] + float(rng.exponential(300.0)), mentions[i][1]) for i in again]
    mentions.sort(key=lambda pair: pair[0])
    return [mention for _, mention in mentions]
