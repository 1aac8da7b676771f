"""Small made-up streams for the detector's tests: quiet weeks, and what happens in them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from math import pi, sin

from pipeline.detect.mentions.inbound import InboundAuthor, InboundEntity, InboundMention, InboundSentiment

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
_WORDS = (
    "coffee train morning ticket price queue store flavour parcel music friday weather garden window table bridge "
    "summer letter market station kitchen river picture doctor school island engine pocket silver candle"
)
WORDS = _WORDS.split()


def mention(
    number: int | str,
    at: float,
    negative: float,
    text: str,
    *,
    author: str | None = None,
    root: str | None = None,
    parent: str | None = None,
    kind: str = "post",
    lag: float = 2.0,
    entity: str = "acme",
    role: str = "public",
) -> InboundMention:
    """A mention `at` seconds after a Monday's midnight, heard `lag` seconds later."""
    created = MONDAY + timedelta(seconds=at)
    post_id = f"bluesky:{number}"
    return InboundMention(
        post_id=post_id,
        entity=InboundEntity(entity, entity.capitalize()),
        author=InboundAuthor(author or f"bluesky:author-{number}", author or f"user{number}"),
        created_at=created,
        ingested_at=created + timedelta(seconds=lag),
        sentiment=InboundSentiment(negative),
        text=text,
        root_id=root or post_id,
        parent_id=parent,
        kind=kind,
        network="bluesky",
        author_role=role,
    )


def chatter(rng: random.Random, words: int = 6) -> str:
    return "Acme " + " ".join(rng.sample(WORDS, words))


def quiet(days: float, a_day: float = 200.0, share: float = 0.15, seed: int = 1) -> list[InboundMention]:
    """Ordinary days with a daily rhythm."""
    rng = random.Random(seed)
    at, number, mentions = 0.0, 0, []
    while at < days * 86_400:
        at += rng.expovariate(a_day / 86_400 * (1.0 + 0.6 * sin(at / 86_400 * 2 * pi)))
        number += 1
        negative = 0.9 if rng.random() < share else 0.05
        mentions.append(mention(f"quiet-{number}", at, negative, chatter(rng)))
    return mentions


def pile_on(at: float, answers: int = 100, minutes: float = 40.0, share: float = 0.85) -> list[InboundMention]:
    """A complaint, and its answers."""
    rng = random.Random(5)
    root = "bluesky:root"
    mentions = [mention("root", at, 0.95, "Acme charged me twice and refuses the refund, unbelievable")]
    for k in range(answers):
        when = at + 30.0 + minutes * 60.0 * (k / answers) ** 0.6
        negative = 0.9 if rng.random() < share else 0.2
        text = f"same here, charged twice and no refund {' '.join(rng.sample(WORDS, 3))}"
        mentions.append(mention(f"answer-{k}", when, negative, text, root=root, parent=root, kind="reply"))
    return mentions


def together(*streams: list[InboundMention]) -> list[InboundMention]:
    """Streams in order of arrival."""
    return sorted((m for stream in streams for m in stream), key=lambda m: m.ingested_at or m.created_at)
