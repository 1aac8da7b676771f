"""Turns simulated events into messages of the pipeline.

The networks are called ``demo-…`` after the kind of place that they imitate: who looks at a post or an incident sees at
once that nobody has written it, and that it came from several places all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from zlib import crc32

from pipeline.contracts.mentions import EntityRef, Link, Mention, ModelRef, Sentiment, mention_id
from pipeline.contracts.posts import Author, Post
from pipeline.contracts.values import Label, PostKind
from pipeline.simulate.companies import NETWORKS, Company
from pipeline.simulate.events import Event, Story, utc
from pipeline.simulate.limits import StoryKind
from pipeline.simulate.streams import STORY_POSTS
from pipeline.simulate.texts import Writer, names

_BELOW = [(name, sum(share for _, share in NETWORKS[: i + 1])) for i, (name, _) in enumerate(NETWORKS)]

MODEL = ModelRef(name="simulated", version="1")
_SURE = 0.6
_RATINGS = {-1: (1.0, 2.0), 0: (3.0, 3.0), 1: (4.0, 5.0)}
_ADJECTIVES = (
    "quiet brave sleepy lucky grumpy tiny odd bright plain rusty swift mellow dusty salty hungry clever late early "
    "green silver"
)
_NOUNS = (
    "otter teapot bicycle lantern pickle walrus cactus badger pigeon noodle compass kettle turnip puffin marble anchor "
    "biscuit ladder comet donkey"
)


class Scribe:
    """Posts and mentions for the events about these companies; other entities are talk about nobody.

    `stories` is the list that the stream fills: a story is in it before its events come.
    """

    def __init__(self, seed: int, companies: Iterable[Company], stories: Sequence[Story]) -> None:
        self._writer = Writer(seed)
        self._companies = {company.id: company for company in companies}
        self._stories = stories
        self._kinds: dict[str, StoryKind] = {}

    def post(self, event: Event) -> Post:
        """The event as an agent would have heard it, `ingested_at` being its arrival."""
        network = network_of(event)
        kind: PostKind = event.kind
        reviews = network == "demo-reviews"
        if reviews and event.kind in ("post", "reply"):
            kind = "review" if event.kind == "post" else "comment"
        company = self._companies.get(event.entity)
        return Post(
            post_id=_on(network, event.post_id),
            network=network,
            kind=kind,
            author=author_of(event.author, network),
            text=self._writer.write(event, company, self._kind(event)),
            lang="en",
            created_at=utc(event.created),
            ingested_at=utc(event.arrived),
            parent_id=_on(network, event.parent_id) if event.parent_id else None,
            root_id=_on(network, event.root_id),
            rating=_RATINGS[event.polarity][crc32(event.post_id.encode()) % 2] if kind == "review" else None,
        )

    def mention(self, event: Event) -> Mention:
        """The event as the detector reads it, with the simulated model's reading.  `KeyError` for talk about nobody."""
        post = self.post(event)
        company = self._companies[event.entity]
        assert post.ingested_at is not None
        return Mention(
            mention_id=mention_id(post.post_id, company.id),
            post_id=post.post_id,
            network=post.network,
            kind=post.kind,
            author=post.author,
            text=post.text,
            lang=post.lang,
            created_at=post.created_at,
            ingested_at=post.ingested_at,
            parent_id=post.parent_id,
            root_id=post.root_id or post.post_id,
            rating=post.rating,
            entity=EntityRef(company.id, company.name),
            link=_link(post.text, company),
            sentiment=sentiment_of(event),
            fingerprint=f"{company.id}:{event.text}",
            model=MODEL,
        )

    def _kind(self, event: Event) -> StoryKind | None:
        if not event.story:
            return None
        if event.story not in self._kinds:
            self._kinds = {story.story: story.kind for story in self._stories}
        return self._kinds[event.story]


def sentiment_of(event: Event) -> Sentiment:
    """What the simulated model says; the label is negative exactly when the probability of it is above one half."""
    rest = 1.0 - event.negative
    first = max(0.85 * rest, min(rest, event.negative + 0.01))
    neutral, positive = (rest - first, first) if event.polarity > 0 else (first, rest - first)
    label: Label = "positive" if event.polarity > 0 else "neutral"
    if event.negative > 0.5:
        label = "negative"
    return Sentiment(event.negative, neutral, positive, label, max(event.negative, first) >= _SURE)


def network_of(event: Event) -> str:
    """The place where the event's thread began; stories do not begin in reviews."""
    draw = crc32(event.root_id.encode()) % 100
    network = next(name for name, below in _BELOW if draw < below)
    if network == "demo-reviews" and int(event.root_id.rpartition(".")[2]) >= STORY_POSTS:
        return NETWORKS[0][0]
    return network


def author_of(author: str, network: str) -> Author:
    """A made-up person, always the same for the same id; followers are log-normal with median 150."""
    number = int.from_bytes(blake2b(author.encode(), digest_size=8).digest(), "big")
    adjectives, nouns = _ADJECTIVES.split(), _NOUNS.split()
    first, second = adjectives[number % len(adjectives)], nouns[number // 32 % len(nouns)]
    normal = math.sqrt(-2.0 * math.log(((number >> 16 & 0xFFFF) + 1) / 65_537.0))
    normal *= math.cos(2.0 * math.pi * (number >> 32 & 0xFFFF) / 65_536.0)
    return Author(
        id=_on(network, author),
        handle=f"{first}_{second}_{number >> 48}",
        name=f"{first.title()} {second.title()}",
        followers=round(math.exp(math.log(150.0) + 1.6 * normal)),
    )


def _on(network: str, identifier: str) -> str:
    """The identifier with the network's name before it, in place of the simulation's."""
    return f"{network}:{identifier.partition(':')[2]}"


def _link(text: str, company: Company) -> Link:
    for name in names(company):
        if name.casefold() in text.casefold():
            how = {"@": "handle", "#": "hashtag"}.get(name[0], "name")
            return Link(name, how, 1.0)  # type: ignore[arg-type]
    return Link("", "inherited", 0.9)
