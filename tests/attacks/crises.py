"""Real crises of each kind about one company, after days of ordinary talk: what an attack must neither hide nor make.

Everybody in them is a person with an account of years; texts are fingerprinted as enrich does it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from pipeline.detect.mentions.inbound import InboundAuthor, InboundMention
from pipeline.enrich.fingerprint import fingerprint
from tests.detect.streams import MONDAY, mention, quiet
from tests.detect.streams import pile_on as thread_of

DAY, HOUR = 86_400.0, 3_600.0
DAYS = 10
AT = DAYS * DAY + 50_000.0
"""When a crisis begins, in seconds after a Monday's midnight."""

ROOT = "bluesky:root"
YEARS = timedelta(days=1_200)
ANSWER: dict[str, Any] = {"root": ROOT, "parent": ROOT, "kind": "reply"}
SHARE = ANSWER | {"kind": "repost"}
"""Fields of what answers, or passes on, the post that a crisis begins with."""

_SYLLABLES = ("ba", "dor", "fel", "gim", "kou", "lan", "mer", "nis", "pol", "rua", "sed", "tiv", "zan")

Stream = list[InboundMention]
Crisis = Callable[[], Stream]


def aged(stream: Sequence[InboundMention], age: timedelta = YEARS) -> Stream:
    """The same with accounts of that age, and with fingerprints of the texts."""
    for m in stream:
        m.author = InboundAuthor(m.author.id, m.author.handle, m.created_at - age)
        m.fingerprint = fingerprint(m.text)
    return [*stream]


def words(rng: random.Random, count: int = 5) -> str:
    """What somebody says in words of their own, of some two thousand."""
    return " ".join(["".join(rng.sample(_SYLLABLES, 3)) for _ in range(count)])


def pile_on(answers: int = 100) -> Stream:
    """A complaint, and its answers within forty minutes."""
    rng, made = random.Random(6), thread_of(AT, answers=answers)
    for m in made[1:]:
        m.text = f"same here, no refund {words(rng)}"
    return aged(made)


def surge(posts: int = 80, hours: float = 3.0) -> Stream:
    """Complaints without a thread."""
    rng = random.Random(7)
    times = sorted(rng.uniform(0.0, hours * HOUR) for _ in range(posts))
    return aged([mention(f"surge-{k}", AT + at, 0.9, f"acme outage again {words(rng)}") for k, at in enumerate(times)])


def amplification(reposts: int = 150) -> Stream:
    """A complaint that many people pass on."""
    rng, text = random.Random(9), "Acme lost my parcel and then laughed about it at the counter"
    times = sorted(rng.uniform(20.0, 12.0 * reposts) for _ in range(reposts))
    shares = [mention(f"share-{k}", AT + at, 0.97, text, **SHARE) for k, at in enumerate(times)]
    return aged([mention("root", AT, 0.97, text), *shares])


def groundswell(days: float = 6.0) -> Stream:
    """More grumbling every day, without a bad hour."""
    rng, at, made = random.Random(8), AT, Stream()
    while at < AT + days * DAY:
        grown = min(1.0, 0.3 + (at - AT) / (3.0 * DAY))
        at += rng.expovariate(55.0 / DAY * grown)
        made.append(mention(f"swell-{len(made)}", at, 0.9, f"acme bars taste of cardboard now {words(rng)}"))
    return aged(made)


FAST: tuple[Crisis, ...] = (pile_on, surge, amplification)
CRISES: tuple[Crisis, ...] = (*FAST, groundswell)


@cache
def _ordinary(days: float, a_day: float) -> tuple[InboundMention, ...]:
    return tuple(aged(quiet(days, a_day=a_day)))


def ordinary(days: float = DAYS + 1.0, a_day: float = 200.0, since: float = 0.0) -> Stream:
    """Days of ordinary talk, until after the crises that are over within hours, without those before `since`."""
    begin = MONDAY + timedelta(days=since)
    return [m for m in _ordinary(days, a_day) if m.created_at >= begin]


WEEK = DAYS + 7.0
"""Days of ordinary talk that a groundswell needs."""
