"""Accounts that attackers have at hand, and what they do with them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline.detect.mentions.inbound import InboundDeletion, InboundMention, InboundSentiment
from pipeline.enrich.fingerprint import fingerprint
from tests.attacks.crises import ANSWER, AT, YEARS, Stream, aged, words
from tests.detect.streams import MONDAY, mention

Words = Callable[[random.Random], str]


def own_words(rng: random.Random) -> str:
    return f"acme is a disgrace {words(rng)}"


def posts(
    accounts: int,
    each: int = 1,
    *,
    name: str = "sock",
    negative: float = 0.95,
    text: Words = own_words,
    fields: dict[str, str] | None = None,
    begin: float = 0.0,
    span: float = 2_400.0,
    back: float = 0.0,
    age: timedelta = YEARS,
) -> Stream:
    """So many posts by each of so many accounts, at random times from `begin` seconds after `AT` on, dated `back`
    seconds before they come."""
    rng = random.Random(4)
    return aged(
        [
            mention(
                f"{name}-{n}", AT + begin + rng.uniform(1.0, span) - back, negative, text(rng),
                author=f"bluesky:{name}-{n % accounts}", lag=back + 2.0, **(fields or {}),
            )
            for n in range(accounts * each)
        ],
        age,
    )  # fmt: skip


def friendly(accounts: int, each: int = 1, **more: object) -> Stream:
    """Praise."""
    given = {"name": "friend", "negative": 0.02, "text": lambda rng: f"acme lovely {words(rng)}"} | more
    return posts(accounts, each, **given)  # type: ignore[arg-type]


def thread(accounts: int, each: int = 1, **more: object) -> Stream:
    """A complaint of the attackers', and their own answers to it."""
    answers = posts(accounts, each, fields=ANSWER, **more)  # type: ignore[arg-type]
    first = msgspec.structs.replace(answers[0], post_id="bluesky:root", root_id=None, parent_id=None, kind="post")
    first.created_at = MONDAY + timedelta(seconds=AT)
    first.ingested_at = first.created_at + timedelta(seconds=2)
    return [first, *answers[1:]]


def edited(m: InboundMention, after: float, text: str | None = None, negative: float = 0.95) -> InboundMention:
    """Its next version, so many seconds later."""
    said = m.text if text is None else text
    return msgspec.structs.replace(
        m, version=m.version + 1, ingested_at=came(m) + timedelta(seconds=after), text=said,
        fingerprint=fingerprint(said), sentiment=InboundSentiment(negative),
    )  # fmt: skip


def deleted(stream: Sequence[InboundMention], after: float | None = None, at: float = 0.0) -> list[InboundDeletion]:
    """Their deletions: so many seconds after each came, or all at once."""
    whens = [MONDAY + timedelta(seconds=at) if after is None else came(m) + timedelta(seconds=after) for m in stream]
    return [
        InboundDeletion(post_id=m.post_id, entity=m.entity, deleted_at=when)
        for m, when in zip(stream, whens, strict=True)
    ]


def came(m: InboundMention) -> datetime:
    return m.ingested_at or m.created_at
