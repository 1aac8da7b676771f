"""Copies of one text are seen as such, by their fingerprints and, at the end, by whoever is or is not called."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.fingerprint import LENGTH, alike, parts, sketch
from pipeline.enrich.fingerprint import fingerprint
from tests.detect.streams import WORDS
from tests.enrich.paging import by, quiet, reported
from tests.support.messages import START

PASTES = (
    "Everyone should stop buying from Zorbexium right now, bad batteries explode and they refuse to recall them",
    "I was charged three times by Zorbexium and the support line hung up on me. Never again, total scam, bad",
    "Zorbexium treats its drivers like dirt, so bad. Sign the petition and boycott them until they pay the night shift",
)
ADDED = ("wow", "omg", "seriously", "unbelievable", "share", "shame", "disgusting", "bro", "guys", "friends", "angry")
SWAPPED = ("terrible", "company", "people", "money", "service", "order", "phone", "never", "always", "lies", "thieves")


def changed(rng: random.Random, text: str) -> str:
    """The text with one telling word added, left out, swapped or misspelt."""
    words = text.split()
    at = rng.choice([i for i, word in enumerate(words) if len(word) > 3 and "Zorbexium" not in word and word != "bad"])
    kind = rng.randrange(4)
    if kind == 0:
        words.insert(rng.choice((0, len(words))), rng.choice(ADDED))
    elif kind == 1:
        del words[at]
    elif kind == 2:
        words[at] = rng.choice(SWAPPED)
    else:
        word, i = words[at], rng.randrange(1, len(words[at]) - 1)
        words[at] = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return " ".join(words)


def dressed(rng: random.Random, text: str) -> str:
    """The text with what a paste brings along: friends called, links, emoji, capitals."""
    if rng.random() < 0.4:
        text = f"@friend{rng.randrange(999)} {text}"
    if rng.random() < 0.4:
        text += f" https://t.example/{rng.getrandbits(30):x}"
    if rng.random() < 0.4:
        text += " " + rng.choice("😡🤬👎") * rng.randint(1, 4)
    return text.upper() if rng.random() < 0.1 else text


@pytest.mark.parametrize("text", PASTES)
def test_what_a_paste_brings_along_changes_nothing(text: str) -> None:
    rng = random.Random(1)
    assert {fingerprint(dressed(rng, text)) for _ in range(200)} == {fingerprint(text)}


@pytest.mark.parametrize("text", PASTES)
def test_one_word_changed_is_still_a_copy(text: str) -> None:
    rng, original = random.Random(2), fingerprint(text)
    assert original is not None
    for _ in range(300):
        edited = fingerprint(dressed(rng, changed(rng, text)))
        assert edited is not None
        assert alike(original, edited)


@pytest.mark.parametrize("text", PASTES)
def test_two_words_changed_mostly_are(text: str) -> None:
    rng, original = random.Random(3), fingerprint(text)
    assert original is not None
    copies = [fingerprint(changed(rng, changed(rng, text))) for _ in range(500)]
    assert sum(copy is not None and alike(original, copy) for copy in copies) > 0.85 * 500


OWN_WORDS = (
    "my Zorbexium battery caught fire on the night stand, the carpet is ruined and they want a receipt",
    "Zorbexium says the battery fires are rare. My neighbour's garage and mine burnt within a week",
    "third Zorbexium charger that melts, smells of burnt plastic, back to the shop it goes",
    "anyone else whose Zorbexium gets so hot that you cannot hold it? Afraid to leave it plugged in",
    "no recall from Zorbexium after all those burnt batteries, my kids sleep in that room",
    "sent Zorbexium pictures of the burnt battery, got a voucher of five pounds, what a joke",
    "the fire brigade told us it was the Zorbexium battery. Zorbexium told us to read the manual",
    "I like my Zorbexium but I charge it outdoors now, after what happened to the battery of a friend",
)


def test_complaints_about_the_same_thing_in_other_words_are_no_copies() -> None:
    mention = [str(fingerprint(text)) for text in (*PASTES, *OWN_WORDS)]
    assert [(a, b) for i, a in enumerate(mention) for b in mention[:i] if alike(a, b)] == []


@given(st.lists(st.binary(max_size=12)))
def test_a_sketch_of_any_words(words: list[bytes]) -> None:
    made = sketch(words)
    assert (made is None) == (len(set(words)) < 4)
    if made is not None:
        assert len(made) == LENGTH
        assert sketch(words[::-1]) == made
        assert len(parts(made)) == 4
        assert alike(made, made)


@given(st.text(max_size=20), st.text(max_size=20))
def test_fingerprints_of_others_are_alike_when_equal(one: str, other: str) -> None:
    if len(one) != LENGTH or len(other) != LENGTH:
        assert alike(one, other) == (one == other)


@pytest.mark.parametrize("edited", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("text", PASTES)
def test_one_text_pasted_by_five_hundred_accounts_calls_nobody(text: str, edited: float) -> None:
    """`edited` is the share of copies in which a word was changed besides."""
    rng = random.Random(5)
    before = list(quiet(rng, 15.0, 60.0))
    start = (before[-1].created_at - START).total_seconds() + 60.0
    pasted = [dressed(rng, changed(rng, text) if rng.random() < edited else text) for _ in range(500)]
    mentions, events = reported([*before, *(by(n, t, start + 7.2 * n, "paste") for n, t in enumerate(pasted))])
    [(most, count)] = Counter(m.fingerprint for m in mentions[-500:]).most_common(1)
    assert count > 0.9 * (1.0 - 0.5 * edited) * 500
    assert sum(alike(str(most), str(m.fingerprint)) for m in mentions[-500:]) > 0.99 * 500
    assert [e.incident_id for e in events if e.pageable or not e.coordinated] == []


def test_five_hundred_people_in_their_own_words_do_call() -> None:
    rng = random.Random(5)
    before = list(quiet(rng, 15.0, 60.0))
    start = (before[-1].created_at - START).total_seconds() + 60.0
    crowd = [f"Zorbexium is bad, {' '.join(rng.sample(WORDS, 7))}" for _ in range(500)]
    _, events = reported([*before, *(by(n, t, start + 7.0 * n + 6.0 * rng.random(), "c") for n, t in enumerate(crowd))])
    assert any(e.event == "opened" and e.pageable and not e.coordinated for e in events)
