"""A steady stream of numbered posts, and the books of what was sent.

The companies are invented.  Event time runs `SPEED` times as fast as the clock and began before it, so that incidents
open and end within minutes.  Kafka may be away: the producer tries until it has everything, each once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import msgspec
from confluent_kafka import Producer

from pipeline.contracts.headers import arrival_header
from pipeline.contracts.posts import Author, Post, PostDeleted
from pipeline.contracts.topics import POSTS_RAW
from pipeline.ingest.publisher import key_of
from pipeline.simulate.companies import companies
from pipeline.simulate.events import utc

COMPANIES = companies(6)
SPEED = 10.0
"""Seconds of event time in one of the clock."""
BEGAN = 40 * 3_600.0
"""Seconds by which event time begins before the clock."""
NETWORK = "demo-load"
CROWD = 45
COMPLAINTS = (
    "terrible, my order is lost and nobody answers, I am furious.",
    "worst service ever, I hate this.",
    "they broke my parcel and refuse a refund, disgusting.",
    "I am so angry, three weeks and still nothing.",
    "awful support, they lied to me.",
    "never again, what a scam, horrible people.",
    "my suitcase is gone and they do not care, shame.",
    "unacceptable, they charged me twice and will not pay back.",
)

Fate = Literal["shown", "uncounted", "erased", "letter"]
"""What must come of a record: in the index and in the detector's counts; in the index alone; erased; a dead letter."""


@dataclass(slots=True)
class Sent:
    """One numbered record in the books; where it lies on its topic is known when the broker has it."""

    number: int
    company: int
    fate: Fate
    key: bytes
    partition: int = -1
    offset: int = -1
    lost: bool = False

    @property
    def post_id(self) -> str:
        return f"{NETWORK}:chaos-{self.number}"


class Traffic:
    """Sends posts at a rate, while it is not paused; answers, deletions and crowds of complaints among them."""

    def __init__(self, bootstrap: str, seed: int, rate: float) -> None:
        options: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "message.timeout.ms": 0,
            "partitioner": "murmur2",
            "message.max.bytes": 4_000_000,
            "linger.ms": 5,
            "log_level": 2,
        }
        self._producer = Producer(options)
        self._rng = Random(f"traffic|{seed}")
        self._pause = 1.0 / rate
        self._began = time.monotonic()
        self._origin = time.time() - BEGAN
        self._roots: dict[int, Sent] = {}
        self._task: asyncio.Task[None] | None = None
        self.books: list[Sent] = []
        self.plain = False
        """Whether neither answers nor deletions are sent: of those that are lost others would speak."""

    def resume(self) -> None:
        """Let posts flow."""
        self._task = asyncio.create_task(self._flow(), name="traffic")

    async def pause(self) -> None:
        """Send no more, and wait until the broker has all."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        while await asyncio.to_thread(self._producer.flush, 1.0):
            pass

    def say(self, company: int, words: str, *, ahead: float = 0.0, fate: Fate = "shown", answers: int = -1) -> Sent:
        """One post about a company, dated `ahead` seconds after event time; `answers` is the number of a post."""
        now = self.now()
        sent = self._entry(company, fate)
        root = self.books[answers].post_id if answers >= 0 else None
        post = Post(
            post_id=sent.post_id, network=NETWORK, kind="reply" if root else "post",
            author=Author(f"{NETWORK}:u{sent.number}", f"user_{sent.number}"),
            text=f"{COMPANIES[company].name}: {words} No. {sent.number}.", lang="en",
            created_at=utc(now + ahead), ingested_at=utc(now), parent_id=root, root_id=root,
        )  # fmt: skip
        sent.key = key_of(post)
        self._send(sent.key, msgspec.json.encode(post), sent)
        return sent

    def crowd(self, company: int) -> None:
        """Many people complain about one company, half of them in answer to its newest post."""
        root = self._roots.get(company)
        for number in range(CROWD):
            answers = root.number if root is not None and number % 2 else -1
            self.say(company, COMPLAINTS[number % len(COMPLAINTS)], answers=answers)

    def delete(self, sent: Sent) -> None:
        """Take a post back."""
        sent.fate = "erased"
        deletion = PostDeleted(
            post_id=sent.post_id, network=NETWORK, deleted_at=utc(self.now()), version=2, root_id=sent.key.decode()
        )
        self._send(sent.key, msgspec.json.encode(deletion), None)

    def junk(self, value: bytes) -> Sent:
        """A record that must become a dead letter."""
        sent = self._entry(0, "letter")
        sent.key = b"junk-%d" % sent.number
        self._send(sent.key, value, sent)
        return sent

    def now(self) -> float:
        """Event time."""
        return self._origin + SPEED * (time.monotonic() - self._began)

    def lose(self, committed: Mapping[int, int], first: Mapping[int, int]) -> int:
        """Note as lost what lies from the committed offsets to the first that are left; gives how many."""
        lost = [
            sent
            for sent in self.books
            if committed.get(sent.partition, 0) <= sent.offset < first.get(sent.partition, 0)
        ]
        for sent in lost:
            sent.lost = True
        return len(lost)

    async def _flow(self) -> None:
        due = time.monotonic()
        while True:
            self._next()
            self._producer.poll(0)
            due = max(due + self._pause, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _next(self) -> None:
        company, draw = self._rng.randrange(len(COMPANIES)), self._rng.random()
        root = self._roots.get(company)
        words = self._rng.choice(("so so today, nothing new.", "quite good, thank you.", "open until six this week."))
        if root is not None and draw < 0.2 and not self.plain:
            self.say(company, words, answers=root.number)
        elif draw < 0.23 and self.books and not self.plain:
            chosen = self._rng.choice(self.books[-300:])
            if chosen.fate == "shown" and not chosen.lost and chosen is not self._roots.get(chosen.company):
                self.delete(chosen)
        else:
            self._roots[company] = self.say(company, words)

    def _entry(self, company: int, fate: Fate) -> Sent:
        sent = Sent(len(self.books), company, fate, b"")
        self.books.append(sent)
        return sent

    def _send(self, key: bytes, value: bytes, sent: Sent | None) -> None:
        def delivered(error: Any, message: Any) -> None:
            if error is not None:
                raise RuntimeError(f"the broker does not have a record: {error}")
            if sent is not None:
                sent.partition, sent.offset = message.partition(), message.offset()

        self._producer.produce(
            POSTS_RAW.name, key=key, value=value, headers=[arrival_header(self.now())], on_delivery=delivered
        )
