"""Bystanders: whoever names a company in somebody else's thread does not make the thread about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from pipeline.contracts.mentions import ScoredMessage
from pipeline.contracts.posts import Author, Post
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.enrich.threads.threads import REACH
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import post, records, reply
from tests.support.scorers import FixedScorer

DECODER = msgspec.json.Decoder(ScoredMessage)
LIBRARY = post(1, "they closed our library")
BYSTANDER = reply(2, "reminds me of @Delta, bad", 1, 1)


@pytest.fixture
def stage(linker: Linker) -> Enrich:
    return Enrich(linker, FixedScorer())


def run(stage: Enrich, posts: Sequence[Post]) -> list[Any]:
    published = stage.handle(records(posts), State(MemoryStore(), stage.codec)).publish
    return [DECODER.decode(outgoing.value) for outgoing in published]


def about(messages: Sequence[Any]) -> set[tuple[str, str]]:
    return {(m.post_id, m.entity.name) for m in messages}


def test_answers_to_a_post_about_nobody_inherit_nothing_from_a_bystander(stage: Enrich) -> None:
    crowd = [reply(n, "this is bad", 1, 1) for n in range(3, 83)]
    assert about(run(stage, [LIBRARY, BYSTANDER, *crowd])) == {("twitter:2", "Delta Air Lines")}


def test_nor_do_answers_to_those_answers_or_to_a_parent_that_nobody_knows(stage: Enrich) -> None:
    thread = [LIBRARY, BYSTANDER, reply(3, "so bad", 1, 1), reply(4, "yes, bad", 3, 1), reply(5, "bad", 77, 1)]
    assert about(run(stage, thread)) == {("twitter:2", "Delta Air Lines")}


def test_a_post_about_nobody_is_remembered_and_its_answers_do_not_wait(stage: Enrich) -> None:
    edited = msgspec.structs.replace(LIBRARY, text="@Delta is bad", version=2)
    again = msgspec.structs.replace(LIBRARY, version=3)
    run(stage, [LIBRARY, edited, again, reply(3, "so bad", 1, 1), reply(4, "yes, bad", 3, 1)])
    assert stage.counts["waiting"] == 0


def test_answers_to_the_bystander_are_about_whom_it_names_up_to_a_bound(stage: Enrich) -> None:
    crowd = [reply(n, "this is bad", 2, 1) for n in range(3, 103)]
    inherited = [m for m in run(stage, [LIBRARY, BYSTANDER, *crowd]) if m.link.how == "inherited"]
    assert len(inherited) == REACH
    assert stage.counts["beyond_reach"] == 100 - REACH


def test_the_bound_grows_with_those_who_name_the_company_themselves(stage: Enrich) -> None:
    own_words = [reply(200 + n, "@Delta did it to me as well, bad", 1, 1) for n in range(4)]
    crowd = [reply(n, "this is bad", 2, 1) for n in range(3, 163)]
    inherited = [m for m in run(stage, [LIBRARY, BYSTANDER, *own_words, *crowd]) if m.link.how == "inherited"]
    assert len(inherited) == 5 * REACH


def test_a_thread_that_begins_with_the_company_has_no_such_bound(stage: Enrich) -> None:
    crowd = [reply(n, "this is bad", 1, 1) for n in range(3, 203)]
    assert len(run(stage, [post(1, "@Delta lost my bag, bad"), *crowd])) == 201


def test_nor_have_answers_to_the_companys_own_account(stage: Enrich) -> None:
    own = reply(2, "We are sorry", 1, 1, author=Author("t:1", "Delta"))
    crowd = [reply(n, "this is bad", 2, 1) for n in range(3, 103)]
    assert len(run(stage, [LIBRARY, own, *crowd])) == 101


def test_answers_that_waited_for_the_bystander_are_bounded_alike(stage: Enrich) -> None:
    early = [reply(n, "this is bad", 2, 1) for n in range(3, 13)]
    late = [reply(n, "this is bad", 2, 1) for n in range(13, 63)]
    inherited = [m for m in run(stage, [LIBRARY, *early, BYSTANDER, *late]) if m.link.how == "inherited"]
    assert len({m.post_id for m in inherited}) == REACH
