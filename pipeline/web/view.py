"""Content of the page, gathered from the index, the status and the verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.evidence.budget import Promise
from pipeline.index.protocol import Index, Page, Query, Volume
from pipeline.index.trends import ComparedCompany, TrendReport, newest_time, trends
from pipeline.promise.audit import audit
from pipeline.promise.compliance import sentence
from pipeline.promise.verdicts import GivenVerdict, VerdictStore, with_verdict
from pipeline.web import params
from pipeline.web.cache import Cache
from pipeline.web.cards import Card, card, earlier
from pipeline.web.chart import Chart, chart

Given = Mapping[str, str]

SHOWN_OPEN, SHOWN_OVER = 20, 8
"""Incidents on the page."""

STEPS = 2_000
"""Events of one incident that are looked through for the newest: three weeks of updates."""

FRESH = 1.0
"""Seconds for which answers are shared between viewers."""

SELDOM = 300.0
"""Seconds for which the check of the promise is shared: verdicts are given by hand."""

LINES = 8
"""Most promises on the page."""

ASKED = ("q", "entity", "sentiment", "network", "since", "until", "order", "offset")
"""Parameters of a search that the page keeps in its address."""


class PromiseLine(NamedTuple):
    """A promise on the page: for whom, whether broken, and how it was kept in words."""

    name: str
    broken: bool
    words: str


class View:
    """See the module.  Methods raise what the index raises, and `params.BadRequest`."""

    def __init__(
        self,
        index: Index,
        status: Callable[[], Mapping[str, Any]],
        acknowledgements: VerdictStore | None,
        clock: Callable[[], datetime],
        promise: Promise | None = None,
        followed: Callable[[], list[ComparedCompany]] = list,
    ) -> None:
        self._index = index
        self._status = status
        self._acknowledgements = acknowledgements
        self._clock = clock
        self._promise = promise
        self._followed = followed
        self._cache: Cache[Any] = Cache(FRESH)
        self._seldom: Cache[list[PromiseLine]] = Cache(SELDOM)

    async def whole(self, given: Given) -> dict[str, Any]:
        """Everything, for the first load."""
        parts = await asyncio.gather(self.incidents(given), self.mentions(given), self.side(given))
        return {**parts[0], **parts[1], **parts[2]}

    async def incidents(self, given: Given) -> dict[str, Any]:
        """Open incidents, those that were over lately, and the one that a link asks for."""
        cards: list[Card] = await self._cache.get("cards", self._cards)
        open_ = sorted((c for c in cards if c.open), key=lambda c: (c.event.severity, c.event.at), reverse=True)
        over = [c for c in cards if not c.open]
        return {"open": open_, "over": over, "wanted": given.get("incident", "")[: params.MAX_NAME]}

    async def mentions(self, given: Given) -> dict[str, Any]:
        """The stream or what a search finds, with its volume over time and the choices of the filters."""
        query = params.query(given, self._now())
        page, entities = await self._search(query), await self.entities()
        return {
            "asked": {name: given.get(name, "")[: params.MAX_NAME] for name in ASKED},
            "query": query,
            "page": page,
            "entities": entities,
            "networks": sorted({m.network for m in page.mentions}),
            "volume": await self._cache.get(("chart", msgspec.structs.astuple(query)), lambda: self._chart(query)),
            "filtered": any(given.get(name) for name in ASKED if name not in ("order", "offset")),
        }

    async def side(self, given: Given) -> dict[str, Any]:
        """What is running, the numbers at the top, and how the promise is kept."""
        return {"state": await self.status(), "promise": await self._seldom.get("promise", self._promise_lines)}

    async def status(self) -> dict[str, Any]:
        """Numbers, what runs, and a `revision` that changes when the page should be drawn anew."""
        counted: dict[str, Any] = await self._cache.get("counts", self._counts)
        shown = dict(self._status())
        if "services" not in shown and isinstance(shown.get("running"), Mapping):
            shown["services"] = [_service(name, state) for name, state in shown["running"].items()]
        return {**shown, **counted, "now": self._now()}

    async def search(self, given: Given) -> Page:
        return await self._search(params.query(given, self._now()))

    async def incident_list(self, given: Given) -> dict[str, Any]:
        """The newest event of each incident, as JSON has it, with the verdict."""
        found = await self._index.incidents(
            open_only=params.flag(given, "open"), limit=params.number(given, "limit", 50, 1, params.MAX_LIMIT)
        )
        verdicts = await self._verdicts(found)
        return {"incidents": [with_verdict(event, verdicts.get(event.incident_id)) for event in found]}

    async def newest_event(self, incident_id: str) -> IncidentEvent | None:
        """An incident as it stands; None when there is no such incident."""
        if len(incident_id) > params.MAX_NAME:
            return None
        history = await self._index.incident_history(incident_id, limit=STEPS)
        return history[-1] if history else None

    async def volume(self, given: Given) -> dict[str, Any]:
        """Mentions over time for what a search finds; at most `params.MAX_SPANS` spans."""
        query = params.query(given, self._now())
        seconds = params.number(given, "seconds", 3600, 60, 604_800)
        since = query.since or earlier(query.until or self._now(), timedelta(seconds=168 * seconds))
        if ((query.until or self._now()) - since).total_seconds() / seconds > params.MAX_SPANS:
            raise params.BadRequest(
                f"more than {params.MAX_SPANS:,} spans", subject="seconds", todo="Ask for longer ones"
            )
        spans = await self._index.volume(msgspec.structs.replace(query, since=since), seconds)
        return {"seconds": seconds, "spans": spans}

    async def trends(self, given: Given) -> TrendReport:
        """Numbers by company over `days` up to `until`, or from `since`: of `entity` (ids by commas), else of what is
        followed, else of those most mentioned."""
        query = params.query(given, self._now())
        end = query.until or await newest_time(self._index, query) or self._now()
        since = query.since or earlier(end, timedelta(days=params.number(given, "days", 7, 1, 3_650)))
        if since >= end:
            raise params.BadRequest("the span ends before it begins", subject="since")
        named = [ComparedCompany(name.strip()) for name in (query.entity or "").split(",") if name.strip()]
        asked = msgspec.structs.replace(query, entity=None)
        return await trends(self._index, asked, since, end, named or self._followed())

    async def entities(self) -> list[tuple[str, str, int]]:
        found: list[tuple[str, str, int]] = await self._cache.get("entities", lambda: self._index.entities(50))
        return found

    async def _search(self, query: Query) -> Page:
        found: Page = await self._cache.get(msgspec.structs.astuple(query), lambda: self._index.search(query))
        return found

    async def _cards(self) -> list[Card]:
        open_ = await self._index.incidents(open_only=True, limit=SHOWN_OPEN)
        newest = await self._index.incidents(limit=SHOWN_OPEN + SHOWN_OVER)
        events = [*open_, *[event for event in newest if event.event == "resolved"][:SHOWN_OVER]]
        verdicts = await self._verdicts(events)
        return [await card(event, self._index, verdicts) for event in events]

    async def _verdicts(self, events: list[IncidentEvent]) -> dict[str, GivenVerdict]:
        if self._acknowledgements is None:
            return {}
        return await asyncio.to_thread(self._acknowledgements.newest, [event.incident_id for event in events])

    async def _promise_lines(self) -> list[PromiseLine]:
        """How the promise is kept in all and for every team, and for the companies for which it is broken."""
        if self._promise is None or self._acknowledgements is None:
            return []
        found = await audit(self._index, self._acknowledgements, self._promise)
        rows = [row for row in found.results if row.scope != "entity" or row.broken][:LINES]
        return [PromiseLine(row.name, row.broken, sentence(row, found.days)) for row in rows]

    async def _counts(self) -> dict[str, Any]:
        count, letters, open_, newest = await asyncio.gather(
            self._index.count(),
            self._index.dead_letter_counts(),
            self._index.incidents(open_only=True, limit=params.MAX_LIMIT),
            self._index.search(Query(limit=1)),
        )
        written = newest.mentions[0].created_at if newest.mentions else None
        last = await self._index.incidents(limit=1)
        shape = [count, written, letters, [(e.incident_id, e.event, e.at) for e in (*open_, *last)], self._status()]
        return {
            "mentions": count,
            "newest": written,
            "open_incidents": len(open_),
            "dead_letters": letters,
            "dead_letters_total": sum(letters.values()),
            "revision": blake2b(msgspec.json.encode(shape), digest_size=8).hexdigest(),
        }

    async def _chart(self, query: Query) -> Chart | None:
        """A day up to the newest mention found, or an hour and a half when there is no more than that."""
        if query.offset == 0 and query.order == "newest":
            newest = await self._search(query)  # just asked for the list, and kept
        else:
            newest = await self._index.search(msgspec.structs.replace(query, limit=1, offset=0, order="newest"))
        if not newest.mentions:
            return None
        end = newest.mentions[0].created_at
        volumes: list[Volume] = []
        for span, seconds in ((timedelta(hours=24), 900), (timedelta(minutes=90), 60)):
            since = max(earlier(end, span), query.since) if query.since else earlier(end, span)
            volumes = await self._index.volume(msgspec.structs.replace(query, since=since), seconds)
            if len(volumes) > 6:
                break
        return chart(volumes, earlier(end, span).timestamp(), end.timestamp(), seconds)

    def _now(self) -> datetime:
        return self._clock()


def _service(name: str, state: Any) -> dict[str, Any]:
    """A service of which no more than a word or an address is shown."""
    known = state in ("running", "starting", "restarting", "stopped", "stuck")
    return {"name": name, "state": state if known else "running", "detail": "" if known else state}
