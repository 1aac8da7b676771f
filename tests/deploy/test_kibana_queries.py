"""Every query and aggregation of the saved objects, asked of the real Elasticsearch with the real templates."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from elasticsearch import AsyncElasticsearch
from pydantic import SecretStr

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention, MentionDeleted
from pipeline.index.load import open_index
from pipeline.index.protocol import DeadLetter, Document
from pipeline.settings.index import IndexSettings
from pipeline.settings.settings import Settings
from tests.deploy.test_kibana import BY_ID, LENSES, SEARCHES, columns_of, query_of, view_of
from tests.real_servers import RealElasticsearch

pytestmark = pytest.mark.real

GOLDEN = Path(__file__).parents[1] / "contracts" / "golden" / "v1"


def golden(name: str, kind: type[Any]) -> Any:
    return msgspec.json.decode((GOLDEN / f"{name}.json").read_bytes(), type=kind)


def documents() -> list[Document]:
    """Two mentions of which one is gone, an incident that goes on, a dead letter."""
    gone = msgspec.structs.replace(golden("mention", Mention), mention_id="x|y", post_id="x")
    return [
        golden("mention", Mention),
        gone,
        MentionDeleted(mention_id="x|y", post_id="x", entity=gone.entity, deleted_at=gone.ingested_at, version=2**60),
        golden("incident_event.minimal", IncidentEvent),
        DeadLetter(
            letter_id="enrich/posts.raw.v1/0/0", stage="enrich", topic="posts.raw.v1", partition=0, offset=0,
            code="not_json", reason="not JSON", key=None, value=b"?", first_seen=gone.ingested_at,
        ),
    ]  # fmt: skip


class Searched(msgspec.Struct):
    """A server with an index under a prefix of its own."""

    client: AsyncElasticsearch
    prefix: str

    async def ask(self, item: dict[str, Any], **more: Any) -> Any:
        """The answer to an object's query, as Kibana would ask it."""
        index = str(BY_ID["index-pattern", view_of(item)]["attributes"]["title"]).replace("groundswell", self.prefix, 1)
        query = {"query_string": {"query": query_of(item) or "*"}}
        return await self.client.search(index=index, query=query, **more)


@pytest.fixture
async def searched(
    real_elasticsearch: RealElasticsearch, unique_name: Callable[[str], str], tmp_path: Path
) -> AsyncIterator[Searched]:
    server = real_elasticsearch
    prefix = unique_name("kibana")
    settings = Settings(
        data=tmp_path,
        index=IndexSettings(
            url=server.url, username=server.username, password=SecretStr(server.password), prefix=prefix
        ),
    )
    index = open_index(settings)
    await index.setup()
    written = await index.write(documents())
    assert written.refused == []
    await index.refresh()
    async with AsyncElasticsearch(server.url, basic_auth=(server.username, server.password)) as client:
        yield Searched(client, prefix)
        for name in await client.indices.get(index=f"{prefix}-*"):
            await client.indices.delete(index=name)
    await index.close()


def aggregations(columns: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What Lens makes of the columns of a layer: buckets within buckets, numbers in the innermost."""
    metrics = {
        name: {{"average": "avg", "max": "max"}[column["operationType"]]: {"field": column["sourceField"]}}
        for name, column in columns.items()
        if column["operationType"] in ("average", "max")
    }
    inner: dict[str, Any] = metrics
    for name, column in reversed([(name, column) for name, column in columns.items() if column["isBucketed"]]):
        if column["operationType"] == "date_histogram":
            bucket = {"date_histogram": {"field": column["sourceField"], "fixed_interval": "1h"}}
        else:
            by = column["params"]["orderBy"]["columnId"]
            order = {by if by in metrics else "_count": column["params"]["orderDirection"]}
            size = column["params"]["size"]
            bucket = {"terms": {"field": column["sourceField"], "size": size, "order": order}}
        inner = {name: {**bucket, "aggs": {**metrics, **inner}}}
    return inner


async def test_every_chart_shows_what_is_there_and_nothing_that_is_gone(searched: Searched) -> None:
    for item in LENSES:
        answer = await searched.ask(item, size=0, aggs=aggregations(columns_of(item)))
        assert answer["hits"]["total"]["value"] == 1, item["id"]
        first = next(iter(answer["aggregations"].values()))
        assert sum(bucket["doc_count"] for bucket in first["buckets"]) == 1, item["id"]


async def test_every_table_lists_what_is_there_the_newest_first(searched: Searched) -> None:
    for item in SEARCHES:
        ((field, direction),) = item["attributes"]["sort"]
        answer = await searched.ask(item, sort=[{field: direction}], fields=item["attributes"]["columns"])
        assert answer["hits"]["total"]["value"] == 1, item["id"]
        assert answer["hits"]["hits"][0]["fields"], json.dumps(item)
