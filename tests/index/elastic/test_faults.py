"""What the Elasticsearch index makes of a server's bad days: nothing lost, nothing refused that may yet pass."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pipeline.errors import SettingsError, TransientError
from pipeline.index.elastic.index import ElasticIndex
from pipeline.index.protocol import Query, Written
from pipeline.settings.index import IndexSettings
from tests.index.elastic.fake_elasticsearch import Answer, Asked, FakeElasticsearch, fake_elasticsearch, written
from tests.support.messages import letter, mention

BUSY = (429, {"type": "es_rejected_execution_exception", "reason": "queue is full"})
BAD = (
    400,
    {"type": "document_parsing_exception", "reason": "failed to parse", "caused_by": {"reason": "no such field"}},
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeElasticsearch]:
    async with fake_elasticsearch() as server:
        yield server


@pytest.fixture
async def index(fake: FakeElasticsearch) -> AsyncIterator[ElasticIndex]:
    index = ElasticIndex(
        IndexSettings(url=fake.url, username="writer", password="hush-hush"),  # type: ignore[arg-type]
        pauses=(0.0, 0.0),
    )
    yield index
    await index.close()


MENTIONS = [mention(f"net:{n}") for n in range(5)]
IDS = [m.mention_id for m in MENTIONS]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_busy_server_is_transient(fake: FakeElasticsearch, index: ElasticIndex, status: int) -> None:
    fake.bulk = lambda asked: (status, {"error": {"type": "busy", "reason": "come back later"}})
    with pytest.raises(TransientError, match="come back later"):
        await index.write(MENTIONS)
    assert len(fake.bulks) == 3
    fake.bulk = written
    assert await index.write(MENTIONS) == Written()


async def test_no_server_is_transient() -> None:
    with socket.socket() as taken:  # bound, not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        index = ElasticIndex(IndexSettings(url=url), pauses=())
        with pytest.raises(TransientError, match="cannot be reached"):
            await index.write(MENTIONS)
        with pytest.raises(TransientError, match="cannot be reached"):
            await index.search(Query())
        await index.close()


async def test_only_what_was_not_written_is_repeated(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    fake.bulk = lambda asked: written(asked, **({IDS[1]: BUSY, IDS[3]: BUSY} if len(asked.ids) == 5 else {}))
    assert await index.write(MENTIONS) == Written()
    assert [asked.ids for asked in fake.bulks] == [IDS, [IDS[1], IDS[3]]]


async def test_a_document_that_stays_busy_is_transient(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    fake.bulk = lambda asked: written(asked, **{IDS[2]: BUSY})
    with pytest.raises(TransientError, match=r"1 documents are not written .*queue is full"):
        await index.write(MENTIONS)


async def test_a_malformed_document_is_refused_alone(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    fake.bulk = lambda asked: written(asked, **{IDS[2]: BAD})
    result = await index.write(MENTIONS)
    assert [refused.document for refused in result.refused] == [MENTIONS[2]]
    assert "no such field" in result.refused[0].reason
    assert len(fake.bulks) == 1


async def test_answers_out_of_order_are_matched(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    def shuffled(asked: Asked) -> Answer:
        status, body = written(asked, **{IDS[4]: BAD, IDS[0]: (409, {"type": "version_conflict_engine_exception"})})
        random.Random(7).shuffle(body["items"])
        return status, body

    fake.bulk = shuffled
    assert [refused.document for refused in (await index.write(MENTIONS)).refused] == [MENTIONS[4]]


async def test_an_older_version_counts_as_written(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    fake.bulk = lambda asked: written(
        asked, **{id_: (409, {"type": "version_conflict_engine_exception"}) for id_ in IDS}
    )
    assert await index.write(MENTIONS) == Written()
    assert len(fake.bulks) == 1


async def test_an_answer_that_is_missing_is_transient(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    def half(asked: Asked) -> Answer:
        status, body = written(asked)
        return status, body | {"items": body["items"][:2]}

    fake.bulk = half
    assert await index.write(MENTIONS) == Written()  # two, two more, the last one
    assert [len(asked.ids) for asked in fake.bulks] == [5, 3, 1]
    fake.bulk = lambda asked: (200, {})
    with pytest.raises(TransientError, match="answered for 0 of 5"):
        await index.write(MENTIONS)


@pytest.mark.parametrize(
    "kind", ["validation_exception", "cluster_block_exception", "index_closed_exception", "security_exception"]
)
async def test_what_is_not_the_documents_fault_refuses_nothing(
    fake: FakeElasticsearch, index: ElasticIndex, kind: str
) -> None:
    status = 403 if kind == "security_exception" else 400
    fake.bulk = lambda asked: written(asked, **{id_: (status, {"type": kind, "reason": "not now"}) for id_ in IDS})
    with pytest.raises(TransientError, match="not now"):
        await index.write(MENTIONS)


async def test_a_request_too_large_is_halved(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    fake.bulk = lambda asked: (413, {}) if IDS[3] in asked.ids else written(asked)
    result = await index.write(MENTIONS)
    assert [refused.document for refused in result.refused] == [MENTIONS[3]]
    sent = {id_ for asked in fake.bulks if IDS[3] not in asked.ids for id_ in asked.ids}
    assert sent == set(IDS) - {IDS[3]}


async def test_a_missing_slice_is_made_and_the_rest_is_not_sent_again(
    fake: FakeElasticsearch, index: ElasticIndex
) -> None:
    gone = (404, {"type": "index_not_found_exception", "reason": "no such index"})
    fake.bulk = lambda asked: written(asked, **({IDS[0]: gone} if len(fake.bulks) == 1 else {}))
    assert await index.write(MENTIONS) == Written()
    assert [asked.ids for asked in fake.bulks] == [IDS, [IDS[0]]]
    assert ("PUT", "/groundswell-mentions-2026-03") in [(asked.method, asked.path) for asked in fake.asked]


async def test_requests_stay_under_five_megabytes(fake: FakeElasticsearch, index: ElasticIndex) -> None:
    await index.write([letter(n, value=bytes(900_000)) for n in range(12)])
    assert sum(len(asked.ids) for asked in fake.bulks) == 12
    assert all(len(asked.body) <= 5_000_000 for asked in fake.bulks)
    assert len(fake.bulks) == 3


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "cluster_block_exception"),
        (403, "cluster_block_exception"),
        (400, "index_closed_exception"),
        (400, "strict_dynamic_mapping_exception"),
        (403, "security_exception"),
        (400, "something_new_exception"),
    ],
)
async def test_a_server_that_refuses_every_request_as_a_whole_buries_no_document(
    fake: FakeElasticsearch, index: ElasticIndex, status: int, kind: str, count: int
) -> None:
    fake.bulk = lambda asked: (status, {"error": {"type": kind, "reason": "not now"}, "status": status})
    with pytest.raises(TransientError, match="not now"):
        await index.write(MENTIONS[:count])
    assert len(fake.bulks) <= 6, "nor is it asked about each"
    fake.bulk = written
    assert await index.write(MENTIONS[:count]) == Written()


@pytest.mark.parametrize("count", [1, 5])
async def test_a_document_that_spoils_the_request_is_refused_alone(
    fake: FakeElasticsearch, index: ElasticIndex, count: int
) -> None:
    bad = MENTIONS[:count][-1]
    unreadable = {"error": {"type": "x_content_parse_exception", "reason": "what is this"}}
    fake.bulk = lambda asked: (400, unreadable) if bad.mention_id in asked.ids else written(asked)
    result = await index.write(MENTIONS[:count])
    assert [refused.document for refused in result.refused] == [bad]


async def test_wrong_credentials_hold_the_documents_and_are_not_told(
    fake: FakeElasticsearch, index: ElasticIndex
) -> None:
    fake.bulk = lambda asked: (401, {"error": {"type": "security_exception", "reason": "unable to authenticate"}})
    with pytest.raises(TransientError, match=r"index\.password") as caught:
        await index.write(MENTIONS)
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"url": "search:9200"}, "index.url"),
        ({"url": "ftp://search"}, "index.url"),
        ({"url": "http://u:hush-hush@search"}, "index.url"),
        ({"url": "http://search", "username": "u", "api_key": "hush-hush"}, "index.api_key"),
        ({"url": "https://search", "ca_file": "/none/ca.pem"}, "index.ca_file"),
    ],
)
async def test_wrong_settings_are_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        ElasticIndex(IndexSettings(**settings))
    assert "hush-hush" not in str(caught.value)
