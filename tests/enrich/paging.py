"""Posts through linking and detection: who is called in the end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention
from pipeline.contracts.posts import Author, Post
from pipeline.detect.stage import Detect
from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.detect.streams import WORDS
from tests.support.messages import START, post
from tests.support.scorers import FixedScorer


def quiet(rng: random.Random, days: float, a_day: float) -> Iterator[Post]:
    """Ordinary days of a company; 15 % of the posts complain."""
    at, number = 0.0, 0
    while at < days * 86_400:
        at += rng.expovariate(a_day / 86_400)
        number += 1
        feeling = "bad" if rng.random() < 0.15 else "fine"
        yield by(number, f"Zorbexium {feeling} {' '.join(rng.sample(WORDS, 6))}", at, "quiet")


def by(number: int, text: str, at: float, who: str) -> Post:
    """A post `at` seconds after the start, by an author of its own."""
    author = Author(f"twitter:{who}{number}", f"{who}{number}")
    return post(f"{who}-{number}", text, created_at=START + timedelta(seconds=at), author=author)


def reported(posts: Sequence[Post]) -> tuple[list[Mention], list[IncidentEvent]]:
    """What enrich makes of posts, and what the detector makes of that."""
    entity = Entity(id="z", name="Zorbexium", handles={"twitter": ("Zorbexium",)})
    enrich, detect = Enrich(Linker(Catalogue(entities={"z": entity})), FixedScorer()), Detect(0.2)
    inbound = [(msgspec.json.encode(one), one.created_at.timestamp() + 1.0) for one in posts]
    raw = [Record("posts.raw.v1", 0, i, b"k", value, when, when) for i, (value, when) in enumerate(inbound)]
    out = enrich.handle(raw, State(MemoryStore(), enrich.codec)).publish
    scored = [Record(o.topic, 0, i, o.key, o.value, o.arrived, o.arrived) for i, o in enumerate(out)]
    events = detect.handle(scored, State(MemoryStore(), detect.codec)).publish
    mentions = [msgspec.json.decode(o.value, type=Mention) for o in out]
    return mentions, [msgspec.json.decode(o.value, type=IncidentEvent) for o in events if o.topic.startswith("incid")]
