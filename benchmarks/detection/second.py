"""A second generator for the bench: the streams of `groundswell simulate`, as labelled months.

It shares no code with `streams.py` and draws nearly everything otherwise: larger differences between entities,
geometric instead of Poisson answers, heavy-tailed delays, other drift.  What holds on both has a chance to hold on a
third.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import numpy as np

from benchmarks.detection.streams import EPOCH, JUDGED, WARM, Month, Plan, Truth
from pipeline.detect.mentions.inbound import InboundAuthor, InboundEntity, InboundMention, InboundSentiment
from pipeline.simulate.delivery import SentimentErrors
from pipeline.simulate.schedule import StoryRates
from pipeline.simulate.streams import Plan as Simulated
from pipeline.simulate.streams import Stream

_ENTITY = InboundEntity("e", "Entity")
_LABELLED = ("cascade", "groundswell", "brigade")


def month(seed: int, plan: Plan = Plan()) -> Month:
    """One entity's stream with the stories of `plan`; the same seed gives the same stream."""
    rates = StoryRates(
        cascade=plan.cascades,
        groundswell=plan.groundswells,
        amplification=0.0,
        repost_flood=plan.floods,
        promotion=plan.promotions,
        news_surge=plan.news,
        brigade=plan.brigades,
        warm_up=float(WARM),
    )
    errors = SentimentErrors(plan.errors.missed, plan.errors.false)
    start = EPOCH.timestamp()
    stream = Stream(Simulated(seed, 1, WARM + JUDGED, start, rates=rates, errors=errors))
    times: dict[str, list[float]] = defaultdict(list)
    mentions = []
    for e in stream:
        if e.story and not e.repeat:
            times[e.story].append(e.created - start)
        mentions.append(
            InboundMention(
                post_id=e.post_id,
                entity=_ENTITY,
                author=InboundAuthor(e.author),
                created_at=datetime.fromtimestamp(e.created, UTC),
                ingested_at=datetime.fromtimestamp(e.arrived, UTC),
                sentiment=InboundSentiment(e.negative),
                text=f"words of text number {e.text}",
                root_id=e.root_id,
                parent_id=e.parent_id,
                kind=e.kind,
            )
        )
    truths = [_truth(s.kind, np.sort(np.array(times[s.story]))) for s in stream.stories if s.kind in _LABELLED]
    return Month(mentions, truths, stream.profiles[0].level)


def _truth(kind: str, posts: np.ndarray) -> Truth:
    return Truth(kind, float(posts[0]), float(posts[-1]), len(posts), posts)
