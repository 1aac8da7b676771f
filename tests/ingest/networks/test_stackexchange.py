"""Stack Exchange's threads, edits, deletions, rests, and hostile frames."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.posts import Post, PostDeleted, RawMessage
from pipeline.errors import Busy, Malformed
from pipeline.ingest.agent import Agent, Checkpoint, Item
from pipeline.ingest.budget import Budget
from pipeline.ingest.networks.stackexchange import wire
from pipeline.ingest.registry import AGENTS
from pipeline.settings.ingest import IngestSettings
from tests.ingest.conformance.web import Reply, Request
from tests.ingest.conformance.wires.stackexchange import StackExchangeWire

SITE = "stackexchange:superuser/"


def comment(number: int, post: int, text: str) -> dict[str, Any]:
    return {
        "comment_id": number, "post_id": post, "creation_date": int(time.time()), "body": text,
        "owner": {"display_name": "gone"}, "edited": False,
    }  # fmt: skip


def answered(question: dict[str, Any], number: int, comments: list[dict[str, Any]]) -> None:
    now = int(time.time())
    answer = {
        "answer_id": number, "question_id": question["question_id"], "creation_date": now, "body": "Try &lt;this&gt;.",
        "owner": {"user_id": 9, "display_name": "Nine"}, "comments": comments, "comment_count": len(comments),
    }  # fmt: skip
    question |= {"answers": [*question.get("answers", ()), answer], "last_activity_date": now}
    question["answer_count"] = len(question["answers"])


async def until(agent: Agent, items: AsyncGenerator[Item, None], count: int) -> list[RawMessage]:
    """The messages of so many frames."""
    out: list[RawMessage] = []
    while len(out) < count:
        item = await anext(items)
        if isinstance(item, bytes):
            out += agent.read(item).messages
    return out


async def test_what_hangs_on_a_question_is_its_thread() -> None:
    async with StackExchangeWire() as network:
        agent = network.agent(network.url)
        items = agent.listen({})
        await anext(items)
        now = int(time.time())
        answered(network.ask(7, now, now), 8, [comment(1, 8, "<p>no</p>")])
        first, answer, remark = await until(agent, items, 3)
        assert isinstance(first, Post)
        assert isinstance(answer, Post)
        assert isinstance(remark, Post)
        assert (first.kind, first.text) == ("post", "Router 7 drops calls\nSince the update & every hour.")
        assert (first.author.id, first.author.name) == (f"{SITE}0", "Ann & Bob")
        assert (answer.kind, answer.parent_id, answer.root_id) == ("reply", f"{SITE}7", f"{SITE}7")
        assert (answer.text, answer.version) == ("Try <this>.", 1)
        assert (remark.post_id, remark.parent_id, remark.root_id) == (f"{SITE}c1", f"{SITE}8", f"{SITE}7")
        assert remark.author.id == f"{SITE}@gone"
        await items.aclose()


async def test_comments_edits_and_deletions_are_seen_when_questions_are_asked_for_again() -> None:
    async with StackExchangeWire() as network:
        agent = network.agent(network.url)
        items = agent.listen({})
        await anext(items)
        now = int(time.time())
        question, _ = network.ask(7, now, now), network.ask(9, now, now)
        await until(agent, items, 2)
        question |= {"comments": [comment(1, 7, "same here")], "comment_count": 1}
        (remark,) = await until(agent, items, 1)
        assert isinstance(remark, Post)
        assert remark.text == "same here"
        question |= {"body": "<p>Solved.</p>", "last_edit_date": now + 5}
        (edit,) = await until(agent, items, 1)
        assert isinstance(edit, Post)
        assert (edit.post_id, edit.version) == (f"{SITE}7", (now + 5) * 1_000_000)
        question |= {"comments": [], "comment_count": 0}
        (gone,) = await until(agent, items, 1)
        assert isinstance(gone, PostDeleted)
        assert (gone.post_id, gone.root_id) == (f"{SITE}c1", f"{SITE}7")
        assert gone.version > remark.version
        del network.questions[9]
        (gone,) = await until(agent, items, 1)
        assert isinstance(gone, PostDeleted)
        assert gone.post_id == f"{SITE}9"
        await items.aclose()


async def test_a_list_that_is_not_whole_deletes_nothing() -> None:
    async with StackExchangeWire() as network:
        agent = network.agent(network.url)
        items = agent.listen({})
        await anext(items)
        now = int(time.time())
        question = network.ask(7, now, now)
        answered(question, 8, [])
        await until(agent, items, 2)
        question["answers"] = []  # while answer_count says 1
        for _ in range(4):
            while not isinstance(item := await anext(items), Checkpoint):
                assert not agent.read(item).messages if isinstance(item, bytes) else True
        await items.aclose()


async def test_what_did_not_get_to_kafka_comes_again() -> None:
    async with StackExchangeWire() as network:
        agent = network.agent(network.url)
        items = agent.listen({})
        start = [await anext(items), await anext(items)]
        positions = {item.stream: item.position for item in start if isinstance(item, Checkpoint)}
        await network.post(5)
        first = await until(agent, items, 5)
        await items.aclose()
        items = agent.listen(positions)
        again = await until(agent, items, 5)
        assert {message.post_id for message in again if isinstance(message, Post)} == {
            message.post_id for message in first if isinstance(message, Post)
        }
        await items.aclose()


async def test_a_rest_in_the_body_is_obeyed() -> None:
    async with StackExchangeWire() as network:
        agent = network.agent(network.url)
        network.backoff = 1
        items = agent.listen({})
        await anext(items)
        await network.post(1)
        await until(agent, items, 1)
        listed = [at for asked, at in zip(network.asked, network.asked_at, strict=True) if asked.path == "/questions"]
        assert listed[1] - listed[0] >= 0.95
        await items.aclose()


async def test_a_spent_quota_is_waited_for() -> None:
    class Spent(StackExchangeWire):
        def answer(self, request: Request) -> Reply:
            return super().answer(request) if len(self.asked) < 3 else Reply(b'{"error_id": 502}', 400)

    async with Spent() as network:
        agent = network.agent(network.url)
        with pytest.raises(Busy) as caught:
            async for _ in agent.listen({}):
                pass
        assert caught.value.after >= 60.0


def test_without_a_site_there_is_no_agent() -> None:
    assert AGENTS["stackexchange"](IngestSettings(), Budget("stackexchange")) == []


FIELDS = ("answer_id", "question_id", "comment_id", "post_id", "creation_date", "body", "owner", "link", "comments")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, inner)),
    max_leaves=20,
)
QUESTIONS = st.fixed_dictionaries(
    {"question_id": st.integers(1, 9), "creation_date": st.just(1), "last_activity_date": st.just(1)},
    optional={"answers": st.lists(VALUES, max_size=3), "comments": st.lists(VALUES, max_size=3), "body": VALUES},
)


@given(st.binary(max_size=200) | QUESTIONS.map(msgspec.json.encode) | VALUES.map(msgspec.json.encode))
def test_whatever_comes_is_read_or_malformed(raw: bytes) -> None:
    with suppress(Malformed):
        question, items, wrong, _ = wire.unfold(raw)
        assert items[0] is question
        for item in items:
            with suppress(Malformed):
                wire.read(wire.frame_of("superuser", item, question.question_id, 0))
        for piece in wrong:
            with pytest.raises(Malformed):
                wire.read(piece)
    with suppress(Malformed):
        wire.read(raw)
