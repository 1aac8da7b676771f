"""Replies that come before what they answer: published again when it comes, and left as they are when it does not."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from pipeline.contracts.mentions import Mention, MentionDeleted, ScoredMessage
from pipeline.contracts.posts import Author, Post, PostDeleted
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.enrich.threads.orphans import MAX_WAITING, WAIT
from pipeline.index.documents import sort_out
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.enrich.repeats import repeats, stored
from tests.support.messages import START, post, records, reply
from tests.support.scorers import FixedScorer

DECODER = msgspec.json.Decoder(ScoredMessage)
Told = dict[tuple[str, str], tuple[int, str, float] | None]


@pytest.fixture
def stage(linker: Linker) -> Enrich:
    return Enrich(linker, FixedScorer())


def run(stage: Enrich, batch: Sequence[Record], state: State | None = None) -> list[Any]:
    result = stage.handle(batch, state or State(MemoryStore(), stage.codec))
    assert result.rejected == []
    return [DECODER.decode(outgoing.value) for outgoing in result.publish]


def told(messages: Sequence[Any]) -> Told:
    """What an index holds in the end, by its rules: of each mention the highest version, gone where taken back."""
    kept: Told = {}
    for message in messages:
        if isinstance(message, Mention):
            known = kept.get((message.post_id, message.entity.name))
            if known is None or message.version >= known[0]:
                kept[message.post_id, message.entity.name] = (
                    message.version,
                    message.link.how,
                    message.link.confidence,
                )
        elif isinstance(message, MentionDeleted):
            known = kept.get((message.post_id, message.entity.name))
            if known is not None and known[0] <= message.version:
                kept[message.post_id, message.entity.name] = None
    return kept


def about(messages: Sequence[Any]) -> set[tuple[str, str]]:
    return {key for key, value in told(messages).items() if value is not None}


def test_a_parent_that_comes_late_brings_its_replies(stage: Enrich) -> None:
    late, parent = run(stage, records([reply(2, "they are bad", 1, 1), post(1, "@Delta lost my bag")]))[::-1]
    assert (parent.post_id, parent.version) == ("twitter:1", 1)
    assert (late.post_id, late.entity.name, late.version) == ("twitter:2", "Delta Air Lines", 2)
    assert (late.link.how, late.sentiment.label, late.parent_id) == ("inherited", "negative", "twitter:1")
    in_order = run(stage, records([post(1, "@Delta lost my bag"), reply(2, "they are bad", 1, 1)]))[1]
    assert late.link == in_order.link


def test_it_is_known_since_the_parent_was_heard(stage: Enrich) -> None:
    heard = records([reply(2, "they are bad", 1, 1), post(1, "@Delta lost my bag")])
    parent, late = run(stage, heard)
    assert late.ingested_at == parent.ingested_at
    assert late.ingested_at.timestamp() == pytest.approx(heard[1].arrived)


THREAD = [
    post(1, "@Delta lost my bag"),
    reply(2, "yeah, they are bad", 1, 1),
    reply(3, "same here", 2, 1),
    reply(4, "me too", 3, 1),
    reply(5, "try @SouthwestAir", 3, 1),
    reply(6, "good idea", 5, 1),
]
ABOUT = {(f"twitter:{n}", "Delta Air Lines") for n in (1, 2, 3, 4)} | {
    (f"twitter:{n}", "Southwest Airlines") for n in (5, 6)
}


@pytest.mark.parametrize("seed", range(40))
def test_any_order_of_arrival_gives_the_same_mentions(stage: Enrich, seed: int) -> None:
    order = random.Random(seed).sample(THREAD, len(THREAD))
    final, in_order = told(run(stage, records(order))), told(run(stage, records(THREAD)))
    assert {key for key, value in final.items() if value is not None} == ABOUT
    for key in ABOUT:
        late, early = final[key], in_order[key]
        assert late is not None
        assert early is not None
        assert late[1:] == early[1:]  # how and how surely


def test_what_lost_its_ground_is_taken_back(stage: Enrich) -> None:
    messages = run(
        stage,
        records([post(1, "@Delta is bad"), reply(3, "so true", 2, 1), reply(2, "@SouthwestAir is worse", 1, 1)]),
    )
    assert [(type(m).__name__, m.post_id, m.entity.name, m.version) for m in messages[1:]] == [
        ("Mention", "twitter:3", "Delta Air Lines", 1),
        ("MentionDeleted", "twitter:3", "Delta Air Lines", 1),
        ("Mention", "twitter:2", "Southwest Airlines", 1),
        ("Mention", "twitter:3", "Southwest Airlines", 2),
    ]


def test_a_parent_that_never_comes_changes_nothing(stage: Enrich) -> None:
    messages = run(stage, records([reply(3, "so true", 2, 1), post(9, "@Delta is bad"), reply(4, "and you?", 3, 1)]))
    assert about(messages) == {("twitter:9", "Delta Air Lines")}


def test_the_root_speaks_for_a_parent_that_never_comes_also_when_it_is_late(stage: Enrich) -> None:
    early = run(stage, records([post(1, "@Delta is bad"), reply(3, "so true", 2, 1)]))
    late = run(stage, records([reply(3, "so true", 2, 1), post(1, "@Delta is bad")]))
    assert late[1].link == early[1].link
    assert late[1].link.confidence == pytest.approx(0.7 * late[0].link.confidence, abs=1e-3)


@pytest.mark.parametrize(("after", "waits"), [(WAIT - 1.0, True), (WAIT + 1.0, False)])
async def test_waiting_ends_by_the_time_of_arrival(stage: Enrich, after: float, waits: bool) -> None:
    early, late = records([reply(2, "they are bad", 1, 1), post(1, "@Delta lost my bag")])
    late = late._replace(arrived=early.arrived + after, timestamp=early.timestamp + after)
    store = MemoryStore()
    state = State(store, stage.codec)
    assert run(stage, [early], state) == []
    await state.flush(early.arrived)
    assert len(run(stage, [late], state)) == 1 + waits
    await State(store, stage.codec).flush(early.arrived + 3.0 * WAIT)
    assert store.read(0, "twitter:1") is None


@pytest.mark.parametrize("kind", ["quote", "repost"])
def test_quotes_and_reposts_inherit(stage: Enrich, kind: str) -> None:
    shared = post(2, "wow, bad", kind=kind, parent_id="twitter:1", root_id="twitter:1")
    bare = msgspec.structs.replace(shared, post_id="twitter:3", root_id=None)
    own = post(4, "@SouthwestAir is worse", kind=kind, parent_id="twitter:1", root_id="twitter:1")
    told_about = {
        ("twitter:1", "Delta Air Lines"),
        ("twitter:2", "Delta Air Lines"),
        ("twitter:3", "Delta Air Lines"),
        ("twitter:4", "Southwest Airlines"),
    }
    for order in itertools.permutations([post(1, "@Delta lost my bag"), shared, bare, own]):
        assert about(run(stage, records(order))) == told_about


def test_an_own_answer_that_came_first_is_own_for_what_it_inherits(stage: Enrich) -> None:
    own = Author("twitter:apple", "AppleSupport")
    messages = run(
        stage, records([reply(2, "Please send us a message", 1, 1, author=own), post(1, "my iphone is bad")])
    )
    assert [(m.post_id, m.entity.name, m.author_role, m.version) for m in messages] == [
        ("twitter:2", "Apple", "own", 1),
        ("twitter:1", "Apple", "public", 1),
        ("twitter:2", "Apple", "own", 2),
    ]


def test_an_edit_that_names_somebody_waits_no_longer(stage: Enrich) -> None:
    first = reply(2, "they are bad", 1, 1)
    edited = msgspec.structs.replace(first, text="Verizon is bad", version=2)
    messages = run(stage, records([first, edited, post(1, "@Delta lost my bag")]))
    assert about(messages) == {("twitter:1", "Delta Air Lines"), ("twitter:2", "Verizon")}


def test_an_edit_after_it_was_published_again_is_above_that(stage: Enrich) -> None:
    first = reply(2, "they are bad", 1, 1)
    edited = msgspec.structs.replace(first, text="Verizon is bad", version=2)
    messages = run(stage, records([first, post(1, "@Delta lost my bag"), edited]))
    assert about(messages) == {("twitter:1", "Delta Air Lines"), ("twitter:2", "Verizon")}
    assert [m.version for m in messages if m.post_id == "twitter:2"] == [2, 3, 3]


@pytest.mark.parametrize("version", [1, 2, 7])
def test_a_deletion_covers_what_was_published_again(stage: Enrich, version: int) -> None:
    """Version 1 is that of a network without versions; the index takes what a deletion covers out."""
    gone = PostDeleted(post_id="twitter:2", network="twitter", deleted_at=START, version=version)
    messages = run(stage, records([reply(2, "they are bad", 1, 1), post(1, "@Delta lost my bag"), gone]))
    batch = sort_out(messages)
    assert batch.gone["post:twitter:2"].covers_post(batch.mentions[messages[1].mention_id])


def turning() -> list[Post]:
    """A reply whose thread is about one company, then about another, and whose parent brings it back to the first."""
    root = post(1, "@Delta is bad")
    return [
        reply(3, "so true", 2, 1),
        root,
        msgspec.structs.replace(root, text="@SouthwestAir is bad", version=2),
        reply(2, "@Delta is worse", 1, 1),
    ]


def test_a_company_to_which_a_reply_returns_is_above_what_was_taken_back(stage: Enrich) -> None:
    messages = run(stage, records(turning()))
    assert ("twitter:3", "Delta Air Lines") in about(messages)
    took_back = {m.entity.name: m.version for m in messages if isinstance(m, MentionDeleted)}
    assert messages[-1].version > took_back["Delta Air Lines"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_deletion_covers_what_was_published_again_and_again(stage: Enrich, version: int) -> None:
    gone = PostDeleted(post_id="twitter:3", network="twitter", deleted_at=START, version=version, root_id="twitter:1")
    messages = run(stage, records([*turning(), gone]))
    batch = sort_out(messages)
    newest = max(m.version for m in messages if isinstance(m, Mention) and m.post_id == "twitter:3")
    assert batch.gone["post:twitter:3"].version >= newest > 2
    assert about(messages) == {("twitter:1", "Southwest Airlines"), ("twitter:2", "Delta Air Lines")}


def test_few_wait_in_one_thread(stage: Enrich) -> None:
    state = State(MemoryStore(), stage.codec)
    crowd = [reply(n, "so true", 1, 1) for n in range(2, 1_000)]
    assert run(stage, records(crowd), state) == []
    assert stage.counts["waiting"] == MAX_WAITING
    brought = run(stage, records([post(1, "@Delta is bad")], 5_000), state)
    assert len(brought) == 1 + MAX_WAITING


def test_long_posts_do_not_fill_the_state(stage: Enrich) -> None:
    state = State(MemoryStore(), stage.codec)
    run(stage, records([reply(n, "so true " * 6_000, 1, 1) for n in range(2, 30)]), state)
    assert stage.counts["waiting"] == 1


def test_posts_that_answer_each_other_in_a_circle(stage: Enrich) -> None:
    circle = [reply(2, "no", 3, 1), reply(3, "yes", 2, 1), reply(4, "so", 4, 1), post(1, "@Delta is bad")]
    messages = run(stage, records(circle))
    assert {m.post_id for m in messages} == {"twitter:1", "twitter:2", "twitter:3", "twitter:4"}


@pytest.mark.parametrize("seed", range(6))
async def test_read_again_after_a_crash(linker: Linker, seed: int) -> None:
    """Whatever had been written before the crash, the records from any place on give what they gave."""
    rng = random.Random(seed)
    circle = [reply(7, "no", 8, 1), reply(8, "yes", 7, 1)]
    edits = [msgspec.structs.replace(p, text="Verizon is bad", version=2) for p in (THREAD[0], THREAD[2])]
    heard = records(rng.sample([*THREAD, *circle], 8) + edits)
    stage, store = Enrich(linker, FixedScorer()), MemoryStore()
    state = State(store, stage.codec)
    first = []
    for record in heard:
        first.append(stage.handle([record], state).publish)
        await state.flush(0.0)
    written = stored(stage, store)
    for start in range(len(heard)):
        again = Enrich(linker, FixedScorer())
        state = State(store, again.codec)
        repeated = [again.handle([record], state).publish for record in heard[start:]]
        assert all(map(repeats, heard[start:], first[start:], repeated))
        await state.flush(0.0)
        assert stored(again, store) == written
