"""Erasure: what is deleted leaves incidents and dead letters too, and does not come back by a replay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from pipeline.alert.pending import PendingNotice, rewritten
from pipeline.contracts.incidents import Driver, IncidentEvent, PostRef, Regular
from pipeline.contracts.origin import ERASED
from pipeline.contracts.topics import INCIDENTS, MENTIONS_SCORED
from pipeline.index.erasure import DELETED
from pipeline.index.protocol import Index
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.index.stage import IndexStage
from pipeline.stages.records import Outgoing, Record, Result
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import NOON, author_deleted, incident, letter, mention, post_deleted

SECRET = "The parcel never came"
HANDLE = "ann"


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    index = SqliteIndex(tmp_path / "index.sqlite")
    yield index
    await index.close()


async def run(stage: IndexStage, *messages: object, topic: str = MENTIONS_SCORED.name, origin: bytes = b"") -> Result:
    records = [
        Record(topic, 0, n, b"k", msgspec.json.encode(message), 1.0, 1.0, (), origin)
        for n, message in enumerate(messages)
    ]
    state = State(MemoryStore(), stage.codec)
    return await stage.apply(stage.handle(records, state).effects)


async def read_back(stage: IndexStage, result: Result) -> Result:
    """The incident events that were published come back to the stage, as they do in production."""
    events = [_event(out) for out in result.publish if out.topic == INCIDENTS.name]
    return await run(stage, *events, topic=INCIDENTS.name, origin=ERASED)


def _event(out: Outgoing) -> IncidentEvent:
    return msgspec.json.decode(out.value, type=IncidentEvent)


def naming(event: IncidentEvent) -> IncidentEvent:
    """An event that also names the author as a driver and a regular."""
    explanation = msgspec.structs.replace(
        event.explanation, drivers=(Driver(HANDLE, 4), Driver("bob", 3)), regulars=(Regular(HANDLE, 2, 9, "critic"),)
    )
    return msgspec.structs.replace(event, explanation=explanation)


async def stored(index: Index) -> str:
    """Everything that the index shows of incidents and letters."""
    events = await index.incidents()
    history = [await index.incident_history(event.incident_id) for event in events]
    letters = await index.dead_letters()
    return msgspec.json.encode([events, history]).decode() + str([(x.key, x.value, x.reason) for x in letters])


async def an_incident(index: Index) -> IndexStage:
    """Two events that quote the mention, in the index."""
    stage = IndexStage(index)
    await run(stage, mention())
    await run(stage, naming(incident()), naming(incident(event="updated", minutes=3)), topic=INCIDENTS.name)
    assert SECRET in await stored(index)
    return stage


async def test_a_deleted_post_leaves_the_incidents_that_quote_it(index: Index) -> None:
    stage = await an_incident(index)
    result = await run(stage, post_deleted())
    (published,) = [out for out in result.publish if out.topic == INCIDENTS.name]
    assert published.key == b"acme:surge:1"
    assert _event(published).event == "updated"  # the newest, so that compaction leaves nothing older
    assert SECRET not in published.value.decode()
    assert not (await read_back(stage, result)).publish
    assert SECRET not in await stored(index)
    assert HANDLE in await stored(index)  # the account is not gone


async def test_a_deleted_account_leaves_no_quote_and_no_name(index: Index) -> None:
    stage = await an_incident(index)
    result = await run(stage, author_deleted())
    await read_back(stage, result)
    text = await stored(index)
    assert SECRET not in text
    assert f'"{HANDLE}"' not in text
    assert DELETED in text
    assert "bob" in text


async def test_a_crash_between_the_index_and_the_topic_loses_no_erasure(index: Index) -> None:
    stage = await an_incident(index)
    await run(stage, author_deleted())  # its answers are lost with the worker
    again = await run(IndexStage(index), author_deleted())
    (published,) = [out for out in again.publish if out.topic == INCIDENTS.name]
    assert SECRET not in published.value.decode()
    assert f'"{HANDLE}"' not in published.value.decode()


async def test_a_replay_does_not_bring_it_back(index: Index) -> None:
    stage = await an_incident(index)
    await read_back(stage, await run(stage, author_deleted()))
    before = await stored(index)
    history = [naming(incident()), naming(incident(event="updated", minutes=3))]
    await run(stage, mention())
    result = await run(stage, *history, topic=INCIDENTS.name)
    assert await stored(index) == before
    (published,) = result.publish  # and the topic, on which they are now the last, gets the clean one
    assert SECRET not in published.value.decode()
    assert _event(published).event == "updated"


async def test_a_later_event_that_still_quotes_it_is_cleaned(index: Index) -> None:
    stage = await an_incident(index)
    await read_back(stage, await run(stage, post_deleted()))
    result = await run(stage, naming(incident(event="escalated", minutes=9)), topic=INCIDENTS.name)
    assert SECRET not in await stored(index)
    (published,) = result.publish
    assert _event(published).event == "escalated"


async def test_what_is_published_again_does_not_stay_over_a_newer_step(index: Index) -> None:
    """The detector publishes another step between the erasure and what it puts on the topic."""
    stage = await an_incident(index)
    result = await run(stage, post_deleted())
    await run(stage, incident(event="resolved", minutes=20, explanation=_plain()), topic=INCIDENTS.name)
    last = await read_back(stage, result)
    (published,) = last.publish
    assert _event(published).event == "resolved"
    assert not (await read_back(stage, last)).publish


async def test_incidents_that_quote_nothing_of_it_are_left_alone(index: Index) -> None:
    stage = IndexStage(index)
    await run(stage, mention("net:2"))
    await run(stage, incident(), topic=INCIDENTS.name)
    result = await run(stage, post_deleted("net:2"))
    assert all(out.topic != INCIDENTS.name for out in result.publish)


@pytest.mark.parametrize("late", [False, True])
async def test_dead_letters_of_what_is_deleted_are_emptied(index: Index, late: bool) -> None:
    body = b'{"type":"post","post_id":"net:7","network":"net","author":{"id":"net:ann"},"text":"' + SECRET.encode()
    ours, other = letter(1, value=body), letter(2, value=body.replace(b"net:7", b"net:8").replace(b":ann", b":bob"))
    stage = IndexStage(index)
    if late:
        await run(stage, author_deleted())
        documents = await stage._erasure.cleaned([ours, other])
        await index.write(documents)
    else:
        await index.write([ours, other])
        await run(stage, author_deleted())
    left = {found.offset: found for found in await index.dead_letters()}
    assert left[1].value is None
    assert left[1].code == ours.code
    assert left[2].value == other.value


def test_what_waits_for_a_receiver_is_cleaned_too() -> None:
    steps = [incident(event="opened"), incident(event="updated", minutes=3), incident(event="updated", minutes=9)]
    waits = [
        PendingNotice(n, 1.0, msgspec.json.encode(step), [], [name])
        for n, (step, name) in enumerate(zip(steps, "abc", strict=True))
    ]
    left, newer = rewritten(waits, steps[1], b"clean")
    assert (left.value, left.to, left.offset) == (b"clean", ["a", "b"], 1)
    assert newer == waits[2]  # has its own text published again, where it quotes what is deleted


def _plain() -> object:
    quote = PostRef(post_id="net:9", author="zoe", text="Late again", created_at=NOON)
    return msgspec.structs.replace(incident().explanation, first_post=quote, top_posts=())
