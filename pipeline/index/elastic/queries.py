"""Queries to Elasticsearch: searches, counts over time, incidents, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from elasticsearch import ApiError, AsyncElasticsearch

from pipeline.contracts.incidents import IncidentEvent
from pipeline.index.cursor import decode_cursor, encode_cursor, page_end
from pipeline.index.documents import moment, short
from pipeline.index.elastic.client import explained
from pipeline.index.elastic.documents import event_of, letter_of, mention_of
from pipeline.index.elastic.templates import Names
from pipeline.index.elastic.translation import clause
from pipeline.index.language.tree import Conjunction, Node, is_text
from pipeline.index.protocol import DeadLetter, FieldCount, Page, PartField, Query, Volume
from pipeline.index.query import (
    MAX_LIMIT,
    MAX_SPANS,
    checked,
    checked_ids,
    checked_parts,
    checked_span,
    too_many_spans,
    understood,
)

T = TypeVar("T")
MAX_EVENTS = 100_000
"""Events of incidents of a few entities that are looked through at most."""

_NEWEST: list[Any] = [{"created_at": {"order": "desc", "unmapped_type": "date"}}, {"mention_id": "asc"}]
_SORTED: dict[str, list[Any]] = {
    "newest": _NEWEST,
    "oldest": [{"created_at": {"order": "asc", "unmapped_type": "date"}}, {"mention_id": "asc"}],
    "reach": [
        {"author.followers": {"order": "desc", "missing": 0, "unmapped_type": "double"}},
        {"mention_id": "asc"},
    ],
    "best": ["_score", {"mention_id": "asc"}],
}
_NEGATIVE: dict[str, Any] = {"negative": {"filter": {"term": {"sentiment.label": "negative"}}}}
_PAGE = 200
"""Documents in one answer of a list: dead letters can have a megabyte each."""

_LIVE: dict[str, Any] = {"term": {"type": "mention"}}


class ElasticQueries:
    """Answers questions; see `pipeline.index.protocol.Index` for what each promises."""

    def __init__(self, client: AsyncElasticsearch, url: str, names: Names) -> None:
        self._client = client
        self._url = url
        self._names = names

    async def search(self, query: Query) -> Page:
        query, tree = checked(query), understood(query)
        order = query.order if query.order != "best" or query.text.strip() else "newest"
        after = None
        if query.after:
            end = decode_cursor(query.after, order)
            after = [end.value if order == "reach" else int(end.value), end.mention_id]
        answer = await self._ask(
            self._names.mentions,
            query=_found(tree),
            sort=_SORTED[order],
            size=query.limit,
            from_=query.offset,
            search_after=after,
            track_total_hits=True,
        )
        total = answer["hits"]["total"]["value"]
        mentions = [mention_of(hit["_source"]) for hit in answer["hits"]["hits"]]
        full = len(mentions) == query.limit > 0 and order != "best" and query.offset + query.limit < total
        return Page(total, mentions, encode_cursor(page_end(order, mentions[-1])) if full else "")

    async def volume(self, query: Query, seconds: int) -> list[Volume]:
        query, seconds = checked(query), checked_span(seconds)
        found = _found(understood(query))
        spans = {
            "date_histogram": {"field": "created_at", "fixed_interval": f"{seconds}s", "min_doc_count": 1},
            "aggs": _NEGATIVE,
        }
        try:
            answer = await self._ask(self._names.mentions, query=found, size=0, aggs={"spans": spans})
        except Exception as error:
            if isinstance(error.__cause__, ApiError) and "too_many_buckets" in str(error.__cause__.body):
                raise too_many_spans(seconds) from error
            raise
        buckets = _buckets(answer, "spans")
        if len(buckets) > MAX_SPANS:
            raise too_many_spans(seconds)
        return [Volume(moment(b["key"]), b["doc_count"], b["negative"]["doc_count"]) for b in buckets]

    async def parts(self, query: Query, by: PartField, limit: int) -> list[FieldCount]:
        field = {"entity": "entity.id", "sentiment": "sentiment.label"}.get(by, by)
        order = [{"_count": "desc"}, {"_key": "asc"}]
        terms = {"field": field, "size": checked_parts(limit), "shard_size": 5 * limit + 100, "order": order}
        found = _found(understood(checked(query)))
        aggregations = {"parts": {"terms": terms, "aggs": _NEGATIVE}}
        answer = await self._ask(self._names.mentions, query=found, size=0, aggs=aggregations)
        return [FieldCount(b["key"], b["doc_count"], b["negative"]["doc_count"]) for b in _buckets(answer, "parts")]

    async def entities(self, limit: int) -> list[tuple[str, str, int]]:
        last = {"top_hits": {"size": 1, "sort": _NEWEST, "_source": "entity.name"}}
        wanted = min(max(limit, 1), MAX_LIMIT)
        terms = {"field": "entity.id", "size": wanted, "shard_size": 5 * wanted + 100}
        answer = await self._ask(
            self._names.mentions, query=_LIVE, size=0, aggs={"entities": {"terms": terms, "aggs": {"last": last}}}
        )
        return [
            (b["key"], b["last"]["hits"]["hits"][0]["_source"]["entity"]["name"], b["doc_count"])
            for b in _buckets(answer, "entities")
        ][: max(limit, 0)]

    async def count(self) -> int:
        answer = await self._ask(self._names.mentions, query=_LIVE, size=0, track_total_hits=True)
        return int(answer["hits"]["total"]["value"])

    async def existing(self, mention_ids: Sequence[str]) -> int:
        ids = [short(id_) for id_ in checked_ids(list(mention_ids))]
        query = {"bool": {"filter": [_LIVE, {"ids": {"values": ids}}]}}
        answer = await self._ask(self._names.mentions, query=query, size=0, track_total_hits=True)
        return int(answer["hits"]["total"]["value"])

    async def incidents(self, open_only: bool, limit: int) -> list[IncidentEvent]:
        closed = {"term": {"event": "resolved"}}
        query: dict[str, Any] = {"bool": {"must_not": [closed]}} if open_only else {"match_all": {}}
        order = [{"at": "desc"}, {"incident_id": "asc"}]
        return await self._list(self._names.incidents, query, order, limit, event_of)

    async def incident_history(self, incident_id: str, limit: int) -> list[IncidentEvent]:
        query = {"term": {"incident_id": incident_id}}
        order = [{"at": "asc"}, {"event": "asc"}]
        return await self._list(self._names.incident_events, query, order, limit, event_of)

    async def newest_events(self, incident_ids: Sequence[str]) -> list[IncidentEvent]:
        """The newest event of each of these incidents, by id: what was written a moment ago is seen."""
        ids = sorted({short(id_) for id_ in incident_ids})
        if not ids:
            return []
        with explained(self._url):
            answer = await self._client.mget(
                index=self._names.incidents, ids=ids, filter_path=["docs.found", "docs._source"]
            )
        return [event_of(doc["_source"]) for doc in answer.body.get("docs", ()) if doc.get("found")]

    async def events_of(self, entities: Sequence[str]) -> list[IncidentEvent]:
        """Every event of the incidents of these entities."""
        found: dict[tuple[str, str, str], IncidentEvent] = {}
        order = [{"at": "asc"}, {"incident_id": "asc"}, {"event": "asc"}]
        for start in range(0, len(entities), 500):
            query = {"terms": {"entity.id": list(entities[start : start + 500])}}
            for index in (self._names.incident_events, self._names.incidents):
                for event in await self._list(index, query, order, MAX_EVENTS, event_of):
                    found.setdefault((event.incident_id, event.at.isoformat(), event.event), event)
        return list(found.values())

    async def dead_letters(self, stage: str | None, limit: int) -> list[DeadLetter]:
        query: dict[str, Any] = {"match_all": {}} if stage is None else {"term": {"stage": stage}}
        order = [{"first_seen": "desc"}, {"letter_id": "asc"}]
        return await self._list(self._names.dead_letters, query, order, limit, letter_of)

    async def dead_letter_counts(self) -> dict[str, int]:
        sources = [{"stage": {"terms": {"field": "stage"}}}, {"code": {"terms": {"field": "code"}}}]
        counts = {"composite": {"size": 1_000, "sources": sources}}
        answer = await self._ask(self._names.dead_letters, size=0, aggs={"counts": counts})
        return {f"{b['key']['stage']}/{b['key']['code']}": b["doc_count"] for b in _buckets(answer, "counts")}

    async def _list(
        self, index: str, query: dict[str, Any], order: list[Any], limit: int, read: Callable[[dict[str, Any]], T]
    ) -> list[T]:
        """At most `limit` documents in an order that is total, fetched a page at a time."""
        found: list[T] = []
        after: list[Any] | None = None
        while len(found) < limit:
            size = min(limit - len(found), _PAGE)
            answer = await self._ask(
                index, query=query, sort=order, size=size, search_after=after, track_total_hits=False
            )
            hits = answer["hits"]["hits"]
            found += [read(hit["_source"]) for hit in hits]
            if len(hits) < size:
                break
            after = hits[-1]["sort"]
        return found

    async def _ask(self, index: str, **what: Any) -> Any:
        """A search whose answer is whole: a shard that fails is an error, not a smaller number."""
        with explained(self._url):
            return await self._client.search(
                index=index, ignore_unavailable=True, allow_partial_search_results=False, **what
            )


def _buckets(answer: Any, name: str) -> list[dict[str, Any]]:
    """The buckets of an aggregation; none when there is no index yet."""
    aggregations = answer.body.get("aggregations", {})
    buckets: list[dict[str, Any]] = aggregations.get(name, {}).get("buckets", [])
    return buckets


def _found(tree: Node) -> dict[str, Any]:
    """A query for the server: what the tree says, of mentions that are not taken back."""
    asked = clause(tree)
    text = {"must": [asked]} if is_text(tree) or isinstance(tree, Conjunction) else {"filter": [asked]}
    return {"bool": {**text, "filter": [_LIVE, *text.get("filter", [])]}}
