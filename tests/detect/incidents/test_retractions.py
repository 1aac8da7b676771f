"""Deletions and edits are taken back; what the model is not sure of, or was not made for, pages nobody."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from pipeline.contracts.account import author_key
from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.mentions.inbound import (
    Inbound,
    InboundAuthor,
    InboundDeletion,
    InboundEntity,
    InboundMention,
    InboundSentiment,
)
from pipeline.detect.stage import run
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from tests.detect.streams import MONDAY, pile_on, quiet, together

AT = 5 * 86_400.0 + 50_000.0
DETECTOR = Detector(0.2)


def after(inbound: list[Inbound]) -> EntityState:
    state = EntityState()
    for one in inbound:
        DETECTOR.observe(state, one)
    return state


def deleted(m: InboundMention) -> InboundDeletion:
    assert m.ingested_at is not None
    return InboundDeletion(
        post_id=m.post_id, entity=InboundEntity("acme"), deleted_at=m.ingested_at + timedelta(seconds=1)
    )


def account_deleted(m: InboundMention) -> InboundDeletion:
    return msgspec.structs.replace(deleted(m), author_key=author_key("bluesky", m.author.id))


def edited(m: InboundMention, negative: float, version: int = 2) -> InboundMention:
    return msgspec.structs.replace(m, sentiment=InboundSentiment(negative), version=version)


def evidence(state: EntityState) -> tuple[float, float]:
    return max((thread.evidence for thread in state.threads.values()), default=0.0), max(state.evidence.rate)


def test_a_deleted_pile_on_leaves_neither_counts_nor_evidence() -> None:
    answers = pile_on(AT, answers=5, minutes=2.0)
    calm = [m for m in quiet(6) if m.created_at < MONDAY + timedelta(seconds=AT)]
    before = after([*calm])
    during = after([*calm, *answers])
    gone = after([*calm, *answers, *map(deleted, answers)])
    assert evidence(during)[0] > evidence(before)[0] + 2.0
    assert evidence(during)[1] > evidence(before)[1] + 0.5
    assert (gone.mentions, gone.negative) == (before.mentions, before.negative)
    assert evidence(gone)[0] < 0.5
    assert evidence(gone)[1] <= evidence(before)[1] + 0.2
    assert not any(post.post_id.startswith("bluesky:answer") for post in gone.posts)


def test_being_told_twice_that_a_post_is_gone_changes_nothing() -> None:
    answers = pile_on(AT, answers=4)
    inbound = [*quiet(5), *answers]
    once = after([*inbound, deleted(answers[2])])
    twice = after([*inbound, deleted(answers[2]), deleted(answers[2])])
    assert (once.mentions, once.negative, evidence(once)) == (twice.mentions, twice.negative, evidence(twice))


def test_a_deleted_post_does_not_come_back() -> None:
    answers = pile_on(AT, answers=4)
    inbound: list[Inbound] = [*quiet(5), *answers, deleted(answers[2])]
    assert after([*inbound, answers[2], edited(answers[2], 0.99)]).mentions == after(inbound).mentions


def test_an_edit_takes_the_place_of_what_was_read_first() -> None:
    answers = pile_on(AT, answers=6, minutes=3.0)
    calm = quiet(5)
    soothed = after([*calm, *answers, *(edited(m, 0.02) for m in answers)])
    upset = after([*calm, *(edited(m, 0.02, version=1) for m in answers), *(edited(m, 0.95) for m in answers)])
    plain = after([*calm, *answers])
    mild = after([*calm, *(edited(m, 0.02, version=1) for m in answers)])
    assert soothed.mentions == upset.mentions == plain.mentions
    assert soothed.negative == mild.negative
    assert soothed.authors - plain.authors <= len(answers)
    assert evidence(soothed)[0] < 0.5
    assert upset.negative == mild.negative + len(answers)
    assert evidence(upset)[0] > 2.0


def test_the_same_edit_read_again_changes_nothing() -> None:
    answers = pile_on(AT, answers=6)
    once: list[Inbound] = [*quiet(5), *answers, edited(answers[3], 0.02)]
    assert evidence(after([*once, edited(answers[3], 0.02)])) == evidence(after(once))


def test_a_pile_on_of_which_the_model_is_not_sure_pages_nobody() -> None:
    doubtful = [msgspec.structs.replace(m, sentiment=InboundSentiment(0.6, sure=False)) for m in pile_on(AT)]
    assert list(run(together(quiet(6), doubtful))) == []


def test_a_pile_on_is_told_when_the_model_is_sure_of_most_of_it() -> None:
    mixed = [
        msgspec.structs.replace(m, sentiment=InboundSentiment(m.sentiment.negative, sure=place % 3 > 0))
        for place, m in enumerate(pile_on(AT))
    ]
    assert next(iter(run(together(quiet(6), mixed)))).kind == "pile_on"


def test_texts_that_the_model_was_not_trained_for_page_nobody() -> None:
    foreign = [msgspec.structs.replace(m, untrained="language") for m in pile_on(AT)]
    assert list(run(together(quiet(6), foreign))) == []


def test_events_after_a_deletion_hold_nothing_of_the_post_or_of_an_account_that_is_gone() -> None:
    """Of a driver who wrote many posts, and of the post that an incident begins with, whatever comes after them."""
    story = pile_on(AT, answers=400, minutes=120.0)
    for n, m in enumerate(story):
        if n % 3 == 1:
            m.author = InboundAuthor("bluesky:loud-1", "loud-1")
    gone = [m for n, m in enumerate(story[:300]) if n == 0 or m.author.handle == "loud-1"]
    loud, first = [m for m in gone if m.author.handle == "loud-1"], story[0]
    state, before, after_it = EntityState(), list[IncidentEvent](), list[IncidentEvent]()
    calm = [m for m in quiet(6) if m.created_at < story[0].created_at]
    for m in together(calm, story[:300]):
        before += DETECTOR.observe(state, m)
    assert state.acute is not None
    assert state.acute.drivers["loud-1"] > 1
    for m in (first, *loud):
        assert not DETECTOR.observe(state, account_deleted(m))
    for m in story[300:]:
        if m.author.handle != "loud-1":
            after_it += DETECTOR.observe(state, m)
    assert b"charged me twice and refuses" in msgspec.json.encode(before)
    assert after_it
    told = msgspec.json.encode(after_it)
    for m in gone:
        assert m.text.encode() not in told
    assert b'"loud-1"' not in told
    data = EntityCodec().encode(state)
    assert len(data) > 8_000 or b"loud-1" not in data
    assert b"loud-1" not in msgspec.json.encode((state.acute.drivers, state.acute.regulars, state.acute.accounts))
