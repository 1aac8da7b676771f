"""The index stage: records in, documents written, deletions answered, nothing coming back for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from pipeline.contracts.headers import REPLAYED
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import MentionDeleted
from pipeline.contracts.topics import INCIDENTS, MENTIONS_SCORED, dead_letters
from pipeline.errors import TransientError
from pipeline.index.protocol import DeadLetter, Document, Query, Refused, Written
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.index.stage import Entry, IndexStage
from pipeline.stages.records import Record, Result
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import at, author_deleted, incident, mention, post_deleted


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[SqliteIndex]:
    index = SqliteIndex(tmp_path / "index.sqlite")
    yield index
    await index.close()


def record(message: object, topic: str = MENTIONS_SCORED.name, offset: int = 0, arrived: float = 0.0) -> Record:
    value = message if isinstance(message, bytes) or message is None else msgspec.json.encode(message)
    return Record(topic, 0, offset, b"k", value, timestamp=1_770_000_000.0, arrived=arrived)


async def run(stage: IndexStage, *records: Record) -> Result:
    state = State(MemoryStore(), stage.codec)
    handled = stage.handle(records, state)
    applied = await stage.apply(handled.effects)
    return Result(publish=applied.publish, rejected=handled.rejected + applied.rejected)


async def test_mentions_and_incidents_are_indexed(index: SqliteIndex) -> None:
    stage = IndexStage(index)
    result = await run(stage, record(mention()), record(incident(), INCIDENTS.name), record(None, INCIDENTS.name))
    assert result == Result()
    assert await index.count() == 1
    assert await index.incidents() == [incident()]


async def test_what_cannot_be_read_is_rejected_and_the_rest_is_kept(index: SqliteIndex) -> None:
    bad = [record(b"{"), record(b""), record(None), record(b'{"type":"poem"}'), record(b"{}", INCIDENTS.name)]
    result = await run(IndexStage(index), *bad, record(mention()))
    assert [r.record for r in result.rejected] == bad
    assert result.rejected[0].reason.code == "not_json"
    assert await index.count() == 1


async def test_a_dead_letter_keeps_its_original_and_where_it_came_from(index: SqliteIndex) -> None:
    headers = {
        "stage": b"enrich",
        "topic": b"posts.raw.v1",
        "partition": b"7",
        "offset": b"4711",
        "code": b"not_json",
        "reason": "kein JSON – leider".encode(),
        "first_seen": b"2026-03-14T12:00:00Z",
    }
    dead = Record(dead_letters("enrich").name, 1, 2, b"\xff", b"\x00{", headers=tuple(headers.items()))
    assert await run(IndexStage(index), dead, dead) == Result()
    assert await index.dead_letters() == [
        DeadLetter(
            letter_id="enrich/posts.raw.v1/7/4711",
            stage="enrich",
            topic="posts.raw.v1",
            partition=7,
            offset=4711,
            code="not_json",
            reason="kein JSON – leider",
            key=b"\xff",
            value=b"\x00{",
            first_seen=at(0),
        )
    ]


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("partition", b"-1"), ("offset", b"9" * 400), ("first_seen", b"yesterday")),
        (("partition", "²".encode()), ("offset", b"\xff"), ("first_seen", b"0001-01-01T00:00:00+14:00")),
    ],
)
async def test_a_dead_letter_without_usable_headers_is_kept_all_the_same(
    index: SqliteIndex, headers: tuple[tuple[str, bytes], ...]
) -> None:
    dead = Record(dead_letters("detect").name, 1, 2, None, None, timestamp=1_770_000_000.5, headers=headers)
    assert await run(IndexStage(index), dead) == Result()
    (kept,) = await index.dead_letters()
    assert (kept.stage, kept.partition, kept.offset, kept.code) == ("detect", 1, 2, "unknown")
    assert kept.first_seen.timestamp() == 1_770_000_000.5


async def test_a_step_that_is_overtaken_is_not_left_as_the_last_on_its_topic(index: SqliteIndex) -> None:
    """A detector that lost its partition wakes up and publishes: the newest step is published once more."""
    stage = IndexStage(index)
    steps = [incident(), incident(event="escalated", minutes=5), incident(event="resolved", minutes=90)]
    assert (await run(stage, *map(_step, steps))).publish == []
    (again,) = (await run(stage, _step(steps[1]))).publish
    assert (again.topic, again.key) == (INCIDENTS.name, steps[2].incident_id.encode())
    assert msgspec.json.decode(again.value, type=IncidentEvent) == steps[2]
    assert (await run(stage, _step(steps[2]))).publish == []  # it is read back, and that is the end of it
    assert (await run(stage, _step(steps[0]), _step(steps[2]))).publish == []  # all of it published twice
    replayed = _step(steps[0])._replace(headers=((REPLAYED, b"1"),))
    assert (await run(stage, replayed)).publish == []  # has a key of its own


def _step(event: IncidentEvent) -> Record:
    return Record(INCIDENTS.name, 0, 0, event.incident_id.encode(), msgspec.json.encode(event))


async def test_deletions_are_answered_for_each_entity(index: SqliteIndex) -> None:
    stage = IndexStage(index)
    await run(stage, record(mention()), record(mention(entity="umbrella")), record(mention("net:2", author="net:bob")))
    result = await run(stage, record(post_deleted(), arrived=17.0), record(author_deleted("net:bob")))
    assert sorted((o.topic, o.key, o.arrived) for o in result.publish) == [
        (MENTIONS_SCORED.name, b"acme", 17.0),
        (MENTIONS_SCORED.name, b"acme", 17.0),
        (MENTIONS_SCORED.name, b"umbrella", 17.0),
    ]
    answers = [msgspec.json.decode(o.value, type=MentionDeleted) for o in result.publish]
    assert {a.mention_id for a in answers} == {"net:1|acme", "net:1|umbrella", "net:2|acme"}
    assert await index.count() == 0


async def test_its_own_answers_end_with_it(index: SqliteIndex) -> None:
    stage = IndexStage(index)
    await run(stage, record(mention()))
    answers = (await run(stage, record(post_deleted()))).publish
    assert len(answers) == 1
    assert (await run(stage, *(record(a.value) for a in answers))).publish == []


async def test_the_same_batch_after_a_crash_gives_the_same_answers(index: SqliteIndex) -> None:
    stage = IndexStage(index)
    batch = [record(mention()), record(post_deleted()), record(mention("net:2"))]
    first = await run(stage, *batch)
    assert await run(stage, *batch) == first
    assert [m.post_id for m in (await index.search(Query())).mentions] == ["net:2"]


class Refusing(SqliteIndex):
    """An index that refuses some documents, or is away."""

    def __init__(self, path: Path, *, away: bool = False) -> None:
        super().__init__(path)
        self.away = away
        self.asked: list[Document] = []

    async def write(self, documents: Sequence[Document]) -> Written:
        if self.away:
            raise TransientError("is away", subject="index")
        self.asked += documents
        return Written(refused=[Refused(d, "will not have it") for d in documents if self._bad(d)])

    @staticmethod
    def _bad(document: Document) -> bool:
        if isinstance(document, DeadLetter):
            return document.value is not None
        return getattr(document, "post_id", "") == "net:bad"


async def test_a_refused_document_rejects_its_record_only(tmp_path: Path) -> None:
    bad = record(mention("net:bad"), offset=3)
    result = await run(IndexStage(Refusing(tmp_path / "i")), record(mention()), bad)
    (rejected,) = result.rejected
    assert rejected.record == bad
    assert rejected.reason.code == "refused_by_index"
    assert "will not have it" in str(rejected.reason)


async def test_a_refused_dead_letter_is_kept_without_content_and_never_comes_back(tmp_path: Path) -> None:
    index = Refusing(tmp_path / "i")
    dead = Record(dead_letters("index").name, 1, 2, b"k", b"v")
    assert await run(IndexStage(index), dead) == Result()
    kept = index.asked[-1]
    assert isinstance(kept, DeadLetter)
    assert kept.value is None
    assert "will not have it" in kept.reason


async def test_an_index_that_is_away_is_told_to_the_driver(tmp_path: Path) -> None:
    stage = IndexStage(Refusing(tmp_path / "i", away=True))
    with pytest.raises(TransientError):
        await stage.apply([Entry(mention(), record(mention()))])
    assert await stage.apply([]) == Result()
