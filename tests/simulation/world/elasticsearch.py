"""A search server in memory, behind the real Elasticsearch client: versions, real-time reads by id, late searches.

What is written is read by id at once, and found by searches only after a refresh, as on the real server.  A bulk
request is carried out document by document: a worker can die in the midst of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

import msgspec
from elastic_transport import ApiResponseMeta, BaseAsyncNode, ConnectionError, HttpHeaders
from elastic_transport._node import NodeApiResponse
from elasticsearch import AsyncElasticsearch

from pipeline.settings.index import IndexSettings
from tests.simulation.world.clients import HOST, Host

URL = "http://memory:9200"
REFRESH = 5.0
"""Seconds between refreshes."""


class Versioned(NamedTuple):
    """A document with its external version."""

    version: int
    source: dict[str, Any]


class Cluster:
    """The server's indices; `clock` in virtual seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._indices: dict[str, dict[str, Versioned]] = {}
        self._searchable: dict[str, dict[str, Versioned]] = {}
        self._refreshed = 0.0

    def bulk(self, lines: list[bytes]) -> list[dict[str, Any]]:
        """Carry out actions, one after the other; gives the fate of each."""
        out, place = [], 0
        while place < len(lines):
            ((operation, where),) = msgspec.json.decode(lines[place]).items()
            index, id_ = where["_index"], where["_id"]
            fate: dict[str, Any] = {"_index": index, "_id": id_, "status": 201}
            documents = self._indices.get(index)
            source = None if operation == "delete" else lines[place + 1]
            place += 1 if source is None else 2
            if documents is None:
                fate |= {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index"}}
            elif source is None:
                documents.pop(id_, None)
            elif id_ in documents and documents[id_].version > where["version"]:
                fate |= {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "older"}}
            else:
                documents[id_] = Versioned(where["version"], msgspec.json.decode(source))
            out.append({operation: fate})
        return out

    def create(self, index: str) -> None:
        """Make an index, unless it is there."""
        self._indices.setdefault(index, {})

    def read(self, index: str, ids: list[str]) -> list[dict[str, Any]]:
        """Documents by id, as they are now."""
        documents = self._indices.get(index, {})
        return [
            {"_id": id_, "found": id_ in documents, "_source": documents[id_].source if id_ in documents else None}
            for id_ in ids
        ]

    def refresh(self) -> None:
        """Let searches find everything."""
        self._searchable = {name: dict(documents) for name, documents in self._indices.items()}
        self._refreshed = self._clock()

    def search(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """The documents that a query finds, in order, a page of them."""
        if self._clock() - self._refreshed >= REFRESH:
            self.refresh()
        order = [(field, "desc" in (how, *_values(how))) for field, how in _pairs(body.get("sort", []))]
        hits: list[dict[str, Any]] = [
            {"_index": index, "_id": id_, "_source": document.source}
            for index, documents in self._searchable.items()
            if any(index == one or index.startswith(f"{one}-2") or index == f"{one}-earlier" for one in name.split(","))
            for id_, document in documents.items()
            if _found(body.get("query", {"match_all": {}}), document.source)
        ]
        for field, falling in reversed(order):
            hits.sort(key=partial(_sorted_by, field), reverse=falling)
        for number, hit in enumerate(hits):
            hit["sort"] = [number]
        start = body["search_after"][0] + 1 if body.get("search_after") else body.get("from", 0)
        page = hits[start : start + body.get("size", 10)]
        return {"hits": {"hits": page, "total": {"value": len(hits), "relation": "eq"}}}


def _pairs(sort: list[Any]) -> Iterator[tuple[str, Any]]:
    for one in sort:
        yield from one.items()


def _values(how: Any) -> tuple[Any, ...]:
    return tuple(how.values()) if isinstance(how, dict) else ()


def _sorted_by(field: str, hit: dict[str, Any]) -> str:
    return str(_value(hit["_source"], field))


def _value(source: dict[str, Any], field: str) -> Any:
    value: Any = source
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _found(query: dict[str, Any], source: dict[str, Any]) -> bool:
    """Whether a query finds a document; of the language only what the pipeline asks for here."""
    ((kind, what),) = query.items()
    if kind == "match_all":
        return True
    if kind == "bool":
        clauses = what.get("filter", [])
        needed = all(_found(clause, source) for clause in (clauses if isinstance(clauses, list) else [clauses]))
        return needed and not any(_found(clause, source) for clause in what.get("must_not", []))
    ((field, wanted),) = what.items()
    if kind == "term":
        return bool(_value(source, field) == wanted)
    if kind == "terms":
        return _value(source, field) in wanted
    raise NotImplementedError(f"a query of kind {kind}")


class Node(BaseAsyncNode):
    """The client's connection to the server, of one process."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._owner: Host = HOST.get()

    async def perform_request(  # type: ignore[override]
        self, method: str, target: str, body: bytes | None = None, headers: Any = None, request_timeout: Any = None
    ) -> NodeApiResponse:
        if self._owner.out_for("index"):
            raise ConnectionError("refused")
        status, answer = await self._answer(method, unquote(urlsplit(target).path), body or b"")
        given = HttpHeaders({"x-elastic-product": "Elasticsearch", "content-type": "application/json"})
        data = b"" if method == "HEAD" else msgspec.json.encode(answer)
        return NodeApiResponse(ApiResponseMeta(status, "1.1", given, 0.0, self.config), data)

    async def close(self) -> None:  # type: ignore[override]
        return

    async def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        cluster = self._owner.cluster
        if path == "/_bulk":
            return 200, {"items": await self._bulk(body.splitlines())}
        if path.endswith("/_search"):
            return 200, cluster.search(path.split("/")[1], msgspec.json.decode(body))
        if path.endswith("/_mget"):
            return 200, {"docs": cluster.read(path.split("/")[1], msgspec.json.decode(body)["ids"])}
        if path.endswith("/_refresh"):
            cluster.refresh()
        elif method == "PUT":
            cluster.create(path.strip("/"))
        elif path.startswith("/_component_template"):
            return 404, {}
        return 200, {}

    async def _bulk(self, lines: list[bytes]) -> list[dict[str, Any]]:
        """In two halves, between which the worker may die."""
        await self._owner.point("index")
        middle = next((n for n in range(len(lines) // 2, len(lines)) if lines[n].startswith(b'{"index"')), len(lines))
        items = self._owner.cluster.bulk(lines[:middle])
        await self._owner.point("indexing")
        items += self._owner.cluster.bulk(lines[middle:])
        if await self._owner.point("indexed"):
            raise ConnectionError("the answer did not arrive")
        return items


def connected(settings: IndexSettings) -> AsyncElasticsearch:
    """The real client, on the server in memory."""
    return AsyncElasticsearch(URL, node_class=Node, max_retries=0, retry_on_timeout=False, retry_on_status=())


@contextmanager
def in_memory_search() -> Iterator[None]:
    """The pipeline's search client is this while this lasts."""
    with patch("pipeline.index.elastic.index.connect", connected):
        yield
