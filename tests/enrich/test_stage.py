"""The enrich stage: mentions, inheritance, deletions, and the same answers however records are batched or repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.contracts.mentions import Mention, MentionDeleted, ScoredMessage
from pipeline.contracts.posts import Author, AuthorDeleted, PostDeleted
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import MemoryStore, State
from tests.enrich.repeats import repeats, stored
from tests.support.messages import START, post, records, reply
from tests.support.scorers import FixedScorer

DECODER = msgspec.json.Decoder(ScoredMessage)


def stage_of(linker: Linker, scorer: FixedScorer) -> Enrich:
    return Enrich(linker, scorer, thread_days=7.0)


def run(stage: Enrich, batch: Sequence[Record], state: State | None = None) -> list[Any]:
    result = stage.handle(batch, state or State(MemoryStore(), stage.codec))
    assert result.rejected == []
    return [DECODER.decode(outgoing.value) for outgoing in result.publish]


@pytest.fixture
def stage(linker: Linker, scorer: FixedScorer) -> Enrich:
    return stage_of(linker, scorer)


def test_a_mention_carries_the_post_and_why(stage: Enrich) -> None:
    [heard] = records([post(1, "@Delta lost my bag, bad", lang="en", url="https://example.com/1")])
    [outgoing] = stage.handle([heard], State(MemoryStore(), stage.codec)).publish
    mention = DECODER.decode(outgoing.value)
    assert isinstance(mention, Mention)
    assert (outgoing.topic, outgoing.key, outgoing.arrived) == ("mentions.scored.v1", b"Q188920", heard.arrived)
    assert mention.mention_id == "twitter:1|Q188920"
    assert (mention.entity.name, mention.link.surface, mention.link.how) == ("Delta Air Lines", "@Delta", "handle")
    assert (mention.sentiment.label, mention.model.name, mention.lang) == ("negative", "fixed", "en")
    assert (mention.root_id, mention.parent_id, mention.author_role) == ("twitter:1", None, "public")
    assert mention.category == "airline"
    assert mention.ingested_at.timestamp() == pytest.approx(heard.arrived)


def test_ingested_at_is_what_the_post_says(stage: Enrich) -> None:
    when = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    [mention] = run(stage, records([post(1, "Ryanair is late", ingested_at=when)]))
    assert mention.ingested_at == when


def test_posts_about_nobody_cost_no_model_time_and_no_state(stage: Enrich, scorer: FixedScorer) -> None:
    state = State(MemoryStore(), stage.codec)
    assert run(stage, records([post(1, "what a nice day"), post(2, "it is")]), state) == []
    assert scorer.batches == []
    assert not state._touched
    assert (stage.counts["posts"], stage.counts["unlinked"], stage.counts["mentions"]) == (2, 2, 0)


def test_one_batch_of_texts_each_scored_once(stage: Enrich, scorer: FixedScorer) -> None:
    texts = ["Ryanair is bad", "nothing", "Ryanair is bad", "Verizon and T-Mobile are bad"]
    mentions = run(stage, records([post(i, text) for i, text in enumerate(texts)]))
    [readings] = scorer.batches
    assert [one.text for one in readings] == ["Ryanair is bad", "Verizon and T-Mobile are bad"]
    assert [one.targets for one in readings] == [(((0, 7),),), (((0, 7),), ((12, 20),))]
    assert [m.post_id for m in mentions] == ["twitter:0", "twitter:2", "twitter:3", "twitter:3"]


def test_replies_inherit_unless_they_name_another(stage: Enrich) -> None:
    thread = [
        post(1, "@Delta lost my bag"),
        reply(2, "yeah, they are bad", 1, 1),
        reply(3, "same here", 2, 1),
        reply(4, "try @SouthwestAir instead", 1, 1),
        reply(5, "good idea", 4, 1),
    ]
    mentions = run(stage, records(thread))
    assert [(m.post_id, m.entity.name, m.link.how) for m in mentions] == [
        ("twitter:1", "Delta Air Lines", "handle"),
        ("twitter:2", "Delta Air Lines", "inherited"),
        ("twitter:3", "Delta Air Lines", "inherited"),
        ("twitter:4", "Southwest Airlines", "handle"),
        ("twitter:5", "Southwest Airlines", "inherited"),
    ]
    confidences = [m.link.confidence for m in mentions[:3]]
    assert confidences == sorted(confidences, reverse=True)
    assert len(set(confidences)) == 3
    assert mentions[1].sentiment.label == "negative"


def test_a_long_thread_gets_less_sure_but_does_not_forget(stage: Enrich) -> None:
    chain = [post(0, "Ryanair is late")] + [reply(i, "yes", i - 1, 0) for i in range(1, 40)]
    mentions = run(stage, records(chain))
    confidences = [m.link.confidence for m in mentions]
    assert [m.depth for m in mentions] == list(range(40))
    assert {m.root_id for m in mentions} == {"twitter:0"}
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[-1] == 0.3


def test_an_unknown_parent_leaves_the_thread_to_speak(stage: Enrich) -> None:
    known, unknown = run(stage, records([post(1, "Ryanair is late"), reply(3, "awful", 2, 1)]))
    assert (unknown.entity, unknown.link.how) == (known.entity, "inherited")
    assert unknown.link.confidence < 0.9 * known.link.confidence


def test_other_threads_do_not_matter(stage: Enrich) -> None:
    assert len(run(stage, records([post(1, "Ryanair is late"), reply(3, "awful", 2, 2)]))) == 1


def test_the_companys_own_account(stage: Enrich) -> None:
    own = Author("twitter:apple", "AppleSupport")
    question, answer, news = run(
        stage,
        records(
            [
                post(1, "my iphone is bad"),
                reply(2, "Please send us a message", 1, 1, author=own),
                post(3, "We are looking into it", author=own),
            ]
        ),
    )
    assert (question.author_role, question.link.how) == ("public", "product")
    assert (answer.author_role, answer.link.how, answer.entity.name) == ("own", "inherited", "Apple")
    assert (news.author_role, news.entity.name) == ("own", "Apple")


def test_an_own_account_is_own_for_its_company_only(stage: Enrich) -> None:
    mentions = run(stage, records([post(1, "unlike Verizon we care", author=Author("t:1", "TMobile"))]))
    assert {m.entity.name: m.author_role for m in mentions} == {"Verizon": "public", "T-Mobile US": "own"}


def test_an_own_answer_brings_its_company_into_the_thread(stage: Enrich) -> None:
    thread = [
        post(1, "my iphone plan is bad"),
        reply(2, "Sorry to hear that, which plan is it?", 1, 1, author=Author("t:1", "TMobileHelp")),
        reply(3, "the big one", 2, 1),
    ]
    about = [(m.post_id, m.entity.name) for m in run(stage, records(thread))]
    assert ("twitter:1", "T-Mobile US") not in about
    assert {("twitter:3", "T-Mobile US"), ("twitter:3", "Apple")} <= set(about)


def test_an_edit_takes_back_what_it_no_longer_names(stage: Enrich) -> None:
    first = post(1, "Ryanair and Verizon are bad")
    edited = msgspec.structs.replace(first, text="Ryanair is bad", version=2)
    messages = run(stage, records([first, edited]))
    assert [type(m).__name__ for m in messages] == ["Mention", "Mention", "MentionDeleted", "Mention"]
    assert (messages[2].entity.name, messages[2].version, messages[3].version) == ("Verizon", 2, 2)


def test_an_edit_that_names_nobody_takes_all_back(stage: Enrich) -> None:
    first = post(1, "Ryanair is bad")
    messages = run(stage, records([first, msgspec.structs.replace(first, text="never mind", version=2), first]))
    assert [type(m).__name__ for m in messages] == ["Mention", "MentionDeleted"]
    assert messages[1].mention_id == messages[0].mention_id


def test_nothing_comes_of_a_version_after_a_newer_one(stage: Enrich) -> None:
    """Also not of one that is about another company, and not of one that the newer waits in place of."""
    edited = post(1, "Ryanair is bad", version=2)
    messages = run(stage, records([edited, post(1, "Verizon is bad", version=1), edited]))
    assert [(m.entity.name, m.version) for m in messages] == [("Ryanair", 2)] * 2
    waits = reply(3, "they are bad", 2, 2, version=2)
    parent = post(2, "@Delta lost my bag")
    messages = run(stage, records([waits, reply(3, "Verizon is bad", 2, 2), parent]))
    assert {(m.post_id, m.entity.name) for m in messages} == {
        (p, "Delta Air Lines") for p in ("twitter:2", "twitter:3")
    }
    assert stage.counts["outdated"] == 2


def test_deletions_pass_on_and_take_back_what_is_known(stage: Enrich) -> None:
    gone = PostDeleted(post_id="twitter:1", network="twitter", deleted_at=START + timedelta(hours=1), version=2)
    far = PostDeleted(post_id="twitter:99", network="twitter", deleted_at=START + timedelta(hours=1), version=2)
    author = AuthorDeleted(author_id="twitter:user1", network="twitter", deleted_at=START + timedelta(hours=1))
    heard = records([post(1, "Ryanair and Verizon are bad"), gone, far, author])
    result = stage.handle(heard, State(MemoryStore(), stage.codec))
    messages = [DECODER.decode(outgoing.value) for outgoing in result.publish]
    assert [type(m) for m in messages] == [Mention, Mention, MentionDeleted, MentionDeleted, PostDeleted, PostDeleted,
                                           AuthorDeleted]  # fmt: skip
    assert [o.key for o in result.publish[4:]] == [b"twitter:1", b"twitter:99", b"twitter:user1"]
    assert {m.mention_id for m in messages[:2]} == {m.mention_id for m in messages[2:4]}
    assert result.publish[2].key == messages[2].entity.id.encode()


def test_what_cannot_be_read_is_rejected_and_the_rest_goes_on(stage: Enrich) -> None:
    good = records([post(1, "Ryanair is late"), post(2, "Verizon is down")])
    bad = [good[0]._replace(offset=7, value=value) for value in (b"not json", b"", None, b'{"type":"post"}', b"[1]")]
    result = stage.handle([good[0], *bad, good[1]], State(MemoryStore(), stage.codec))
    assert len(result.publish) == 2
    assert [r.reason.code for r in result.rejected] == ["not_json", "empty", "empty", "missing_field", "wrong_type"]
    assert stage.counts["rejected"] == 5


def story(seed: int) -> list[Record]:
    """Threads woven together, with edits, deletions and own answers."""
    rng = random.Random(seed)
    texts = [
        "Ryanair is bad",
        "yes they are",
        "@Delta and @SouthwestAir",
        "same",
        "nothing here",
        "#BoycottVerizon",
        "",
    ]
    messages: list[Any] = []
    for number in range(120):
        earlier = [m for m in messages if not isinstance(m, PostDeleted)]
        roll = rng.random()
        if earlier and roll < 0.6:
            parent = rng.choice(earlier)
            root = parent.root_id or parent.post_id
            messages.append(
                reply(
                    number,
                    rng.choice(texts),
                    0,
                    0,
                )
            )
            messages[-1] = msgspec.structs.replace(messages[-1], parent_id=parent.post_id, root_id=root)
        elif earlier and roll < 0.7:
            old = rng.choice(earlier)
            messages.append(msgspec.structs.replace(old, text=rng.choice(texts), version=old.version + 1))
        elif earlier and roll < 0.75:
            old = rng.choice(earlier)
            when = START + timedelta(minutes=number)
            messages.append(PostDeleted(post_id=old.post_id, network="twitter", deleted_at=when, version=9))
        else:
            messages.append(post(number, rng.choice(texts)))
    for at in range(0, len(messages), 5):  # some come before what they answer
        messages[at : at + 5] = rng.sample(messages[at : at + 5], len(messages[at : at + 5]))
    return records(messages)


@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5])
async def test_batches_do_not_matter(linker: Linker, seed: int) -> None:
    heard = story(seed)
    whole = stage_of(linker, FixedScorer())
    expected = whole.handle(heard, State(MemoryStore(), whole.codec)).publish
    assert len(expected) > 30
    assert whole.counts["reissued"] > 0
    rng = random.Random(seed)
    stage, store = stage_of(linker, FixedScorer()), MemoryStore()
    state, published = State(store, stage.codec), list[Outgoing]()
    at = 0
    while at < len(heard):
        size = rng.randint(1, 9)
        published += stage.handle(heard[at : at + size], state).publish
        await state.flush(0.0)
        state = State(store, stage.codec)
        at += size
    assert published == expected


@pytest.mark.parametrize("seed", range(5))
async def test_reading_again_after_a_crash_gives_the_same(linker: Linker, seed: int) -> None:
    heard = story(seed)
    stage, store = stage_of(linker, FixedScorer()), MemoryStore()
    state = State(store, stage.codec)
    first = [stage.handle([record], state).publish for record in heard]
    await state.flush(0.0)
    written = stored(stage, store)
    for start in (0, 40, 90):
        again = stage_of(linker, FixedScorer())
        state = State(store, again.codec)
        repeated = [again.handle([record], state).publish for record in heard[start:]]
        assert all(map(repeats, heard[start:], first[start:], repeated))
        await state.flush(0.0)
        assert stored(again, store) == written


async def test_threads_expire_by_event_time(linker: Linker) -> None:
    stage, store = stage_of(linker, FixedScorer()), MemoryStore()
    state = State(store, stage.codec)
    run(stage, records([post(1, "Ryanair is late")]), state)
    await state.flush(0.0)
    assert store.read(0, "twitter:1") is not None
    await state.flush(START.timestamp() + 6.9 * 86_400)
    assert store.read(0, "twitter:1") is not None
    await state.flush(START.timestamp() + 7.1 * 86_400)
    assert store.read(0, "twitter:1") is None
