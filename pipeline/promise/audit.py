"""Audits the promise: verdicts and incidents of the index, held against the settings."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from pipeline.detect.evidence.budget import MONTH, Promise, promised
from pipeline.errors import GroundswellError
from pipeline.index.load import open_index
from pipeline.index.protocol import Index, Query
from pipeline.observability.metrics import Metrics
from pipeline.promise.compliance import ComplianceReport, ReportedIncident, WatchedEntity, check
from pipeline.promise.verdicts import VerdictStore
from pipeline.settings.settings import Settings

log = structlog.get_logger()

DAYS = 90.0
"""Days that are audited, back from the newest mention."""

ENTITIES = 500
"""Most entities that are audited, the most mentioned."""

INCIDENTS = 5_000
"""Most incidents that are audited, the newest."""

EVERY = 600.0
"""Seconds between two checks of a worker."""

_DAY = 86_400
_AT_ONCE = 8


async def audit(index: Index, verdicts: VerdictStore, promise: Promise, days: float = DAYS) -> ComplianceReport:
    """The check over the last `days` before the newest mention: event time, so that a replay is judged as it was.

    An entity counts from the first day of the span on which it was mentioned.  Incidents count when somebody was
    notified: those that may page, and any with a verdict.  Raises what the index and the verdicts raise.
    """
    newest = await index.search(Query(limit=1))
    if not newest.mentions:
        return check(promise, [], [], days)
    until = newest.mentions[0].created_at
    since = _earlier(until, days)
    entities = await index.entities(ENTITIES)
    room = asyncio.Semaphore(_AT_ONCE)

    async def watched(entity: str, name: str) -> WatchedEntity | None:
        async with room:
            spans = await index.volume(Query(entity=entity, since=since), _DAY)
        if not spans:
            return None
        begun = max(since, spans[0].start)
        return WatchedEntity(entity, name, max(1.0 / 30.0, (until - begun).total_seconds() / MONTH))

    found = await asyncio.gather(*(watched(entity, name) for entity, name, _ in entities))
    events = [e for e in await index.incidents(limit=INCIDENTS) if since <= e.opened_at <= until]
    given = await asyncio.to_thread(verdicts.newest, [event.incident_id for event in events])
    reported = [
        ReportedIncident(event.entity.id, given[event.incident_id].verdict if event.incident_id in given else None)
        for event in events
        if event.pageable or event.incident_id in given
    ]
    return check(promise, [entity for entity in found if entity is not None], reported, days)


async def audit_installation(settings: Settings, days: float = DAYS) -> ComplianceReport:
    """The same with the index and the data folder of the settings."""
    index = open_index(settings)
    try:
        return await audit(index, VerdictStore(settings.data), promised(settings.detect), days)
    finally:
        await index.close()


def publish(metrics: Metrics, found: ComplianceReport) -> None:
    """The check as metrics: the whole and every team; entities only while their promise is broken."""
    for gauge in (metrics.false_alarms_allowed, metrics.false_alarms_reported, metrics.promise_broken):
        gauge.clear()
    for result in found.results:
        if result.scope == "entity" and not result.broken:
            continue
        metrics.false_alarms_allowed.labels(result.scope, result.name).set(result.allowed)
        metrics.false_alarms_reported.labels(result.scope, result.name).set(result.reported)
        metrics.promise_broken.labels(result.scope, result.name).set(result.broken)


async def audit_and_publish(settings: Settings, metrics: Metrics) -> None:
    """Check, publish, and log what is broken; what goes wrong is logged and leaves the metrics as they were."""
    try:
        found = await audit_installation(settings)
    except GroundswellError as error:
        log.warning("the promise could not be checked", reason=str(error))
        return
    publish(metrics, found)
    for result in found.broken:
        log.warning(
            "false alarms are more than promised", scope=result.scope, name=result.name, reported=result.reported,
            allowed=round(result.allowed, 2),
        )  # fmt: skip


async def audit_forever(settings: Settings, metrics: Metrics) -> None:
    """Check again and again, for ever."""
    while True:
        await audit_and_publish(settings, metrics)
        await asyncio.sleep(EVERY)


def _earlier(until: datetime, days: float) -> datetime:
    try:
        return until - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
