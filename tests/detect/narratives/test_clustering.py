"""Two stories at once are told apart, with a bounded memory, the same on every replay."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.sketch import DIMENSIONS, Sketch, decode, encode
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.narratives.clustering import assign
from pipeline.detect.narratives.narrative import SLOTS, NarrativeClusters
from pipeline.detect.narratives.phrases import IncidentVocabulary, phrases_of
from pipeline.detect.narratives.vectors import hashed
from pipeline.detect.narratives.vocabulary import PastVocabulary
from pipeline.detect.narratives.words import terms
from pipeline.detect.stage import run
from tests.detect.streams import WORDS, mention, quiet, together

T = 1_772_460_300
AT = 3 * 86_400 + 50_000.0
BILLING = (
    "charged twice for one order",
    "billed me twice again",
    "double payment on my card",
    "charged twice, no refund",
)
OUTAGE = ("app is down again", "cannot log in, server down", "outage since noon", "login broken, app down")


def near(centre: int, number: int, spread: float = 1.0) -> list[float]:
    """A direction near that of a story."""
    base, own = random.Random(centre), random.Random(1000 * centre + number + 7)
    return [base.gauss(0.0, 1.0) + own.gauss(0.0, spread) for _ in range(DIMENSIONS)]


def sketch(centre: int, number: int, spread: float = 1.0) -> Sketch:
    made = decode(encode(near(centre, number, spread)))
    assert made is not None
    return made


def test_stories_are_told_apart_and_grow_by_themselves() -> None:
    clusters, joined = NarrativeClusters(), dict[int, set[int]]()
    for number in range(120):
        centre = 1 if number < 40 or number % 3 else 2
        slot, _ = assign(clusters, sketch(centre, number), "sketch", T + 10 * number)
        joined.setdefault(centre, set()).add(slot)
    assert joined[1].isdisjoint(joined[2])
    sizes = sorted((known.mentions for known in clusters.slots if known is not None), reverse=True)
    assert sizes == [94, 26]
    assert clusters.seen == 120


def test_halves_of_one_story_become_one() -> None:
    """What begins as two because its first posts differ is one when more is known."""
    clusters = NarrativeClusters()
    merged = []
    for number in range(80):
        _, lost = assign(clusters, sketch(3, number, spread=1.7), "sketch", T + number)
        merged += lost
    assert max(known.mentions for known in clusters.slots if known is not None) >= 50
    assert merged


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_memory_is_bounded_and_counts_add_up(seed: int) -> None:
    rng = random.Random(seed)
    clusters = NarrativeClusters()
    for number in range(150):
        by = rng.choice(("sketch", "sketch", "words"))
        vector = rng.choice((None, sketch(rng.randrange(12), number, rng.choice((0.0, 0.5, 3.0)))))
        slot, lost = assign(clusters, vector, by, T + rng.randrange(-500, 10_000))
        assert -1 <= slot < SLOTS
        assert all(0 <= old < SLOTS and -1 <= new < SLOTS for old, new in lost)
        if number % 17 == 0:
            clusters = msgspec.msgpack.decode(msgspec.msgpack.encode(clusters), type=NarrativeClusters)
    assert len(clusters.slots) == SLOTS
    assert sum(known.mentions for known in clusters.slots if known is not None) <= clusters.seen
    assert len(msgspec.msgpack.encode(clusters)) <= 6 * (DIMENSIONS + 32)


def test_meaning_takes_over_from_words() -> None:
    clusters = NarrativeClusters()
    assign(clusters, hashed(terms("charged twice for nothing"), PastVocabulary()), "words", T)
    slot, lost = assign(clusters, sketch(1, 1), "sketch", T + 1)
    assert (clusters.by, clusters.seen, slot, lost) == ("sketch", 1, 0, [(0, -1)])
    assert assign(clusters, hashed(terms("charged twice"), PastVocabulary()), "words", T + 2)[0] == -1


def test_words_of_a_narrative_are_those_that_the_others_do_not_say() -> None:
    talk = IncidentVocabulary()
    for number in range(40):
        text = "support useless, charged twice" if number % 2 else "support useless, app down"
        talk.add(terms(text), PastVocabulary(), "Acme", number % 2)
    phrases = [text for text, _ in phrases_of(talk, 1, 20, PastVocabulary(), "Acme")]
    assert "charged twice" in phrases
    assert not any("support" in text or "down" in text for text in phrases)
    talk.move(1, 0)
    assert phrases_of(talk, 1, 0, PastVocabulary(), "Acme") == []


def two_stories(with_sketch: bool) -> list[InboundMention]:
    """A surge of 150 complaints, two in three about the first story until the second takes over."""
    rng = random.Random(11)
    mentions, at = [], AT
    for number in range(150):
        at += rng.expovariate(1 / 60.0)
        story = 1 if rng.random() < (0.9 if number < 60 else 0.3) else 2
        text = f"Acme {rng.choice((BILLING, OUTAGE)[story - 1])} {' '.join(rng.sample(WORDS, 2))}"
        m = mention(f"two-{number}", at, 0.92, text)
        if with_sketch:
            m.sketch = encode(near(story, number))
        mentions.append(m)
    return mentions


def last(events: list[IncidentEvent]) -> IncidentEvent:
    return [event for event in events if event.event != "resolved"][-1]


@pytest.mark.parametrize("with_sketch", [True, False])
def test_an_incident_of_two_stories_names_both(with_sketch: bool) -> None:
    event = last(list(run(together(quiet(4), two_stories(with_sketch)))))
    clusters = event.explanation.narratives
    assert event.explanation.grouped_by == ("sketch" if with_sketch else "words")
    words = [" ".join(phrase.text for phrase in narrative.phrases) for narrative in clusters]
    billing = next(n for n, text in zip(clusters, words, strict=True) if "charged" in text or "twice" in text)
    outage = next(n for n, text in zip(clusters, words, strict=True) if "down" in text or "app" in text)
    assert billing is not outage
    assert billing.since < outage.since
    if with_sketch:
        assert len(clusters) == 2
        assert outage.recent > billing.recent
        assert 0.9 < sum(n.share for n in clusters) <= 1.0
        assert all(n.example is not None for n in clusters)
        assert "%" in event.explanation.summary
