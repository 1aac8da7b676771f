"""The Alertmanager notifier: one alert an incident, over the v2 API.

The label set is the identity of an alert, so it holds only what never changes: name, entity, kind and incident id.
What changes (counts, severity, the sentence) is in the annotations.  An alert fires until its `endsAt`; every send
moves that `LIFE` ahead, and ``resender.py`` repeats it while the incident is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from pipeline.alert.http import open_client, post
from pipeline.alert.notifier import firing, may_page
from pipeline.contracts.incidents import IncidentEvent
from pipeline.errors import SettingsError
from pipeline.text.incident_words import REASON_WORDS
from pipeline.text.safe import clean, single_line, topic

ALERTNAME = "GroundswellIncident"

LIFE = 900.0
"""Seconds for which an alert fires after the last word from us: long enough for a worker to be replaced, short enough
that an alert does not outlive its incident by much when everything of ours is gone."""


class Alertmanager:
    """Pages through an Alertmanager.

    Sending the same event again is harmless: the alert is the same.  `ended` is called for incidents that
    stopped firing, so that the end can be repeated.
    """

    name = "alertmanager"
    pages = True

    def __init__(
        self,
        url: str,
        *,
        page_url: str = "",
        clock: Callable[[], float] = time.time,
        client: httpx.AsyncClient | None = None,
        ended: Callable[[IncidentEvent, bool], None] | None = None,
    ) -> None:
        self._base = parse_url(url)
        self._page_url = page_url
        self._clock = clock
        self._client = client or open_client()
        self._ended = ended

    async def send(self, event: IncidentEvent) -> None:
        await self.post([event])
        if self._ended is not None:
            self._ended(event, not firing(event))

    async def post(self, events: Iterable[IncidentEvent]) -> None:
        """Send the present state of these incidents; Alertmanager keeps the valid ones even when it answers 400."""
        now = self._clock()
        alerts = [alert(event, now, self._page_url) for event in events]
        if alerts:
            await post(
                self._client,
                self._base.join("api/v2/alerts"),
                msgspec.json.encode(alerts),
                {"content-type": "application/json"},
                subject=f"Alertmanager at {self._base.host}",
            )

    async def close(self) -> None:
        await self._client.aclose()


def parse_url(url: str) -> httpx.URL:
    """The base address, with a slash at its end."""
    try:
        parsed = httpx.URL(url if url.endswith("/") else url + "/")
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SettingsError("must begin with http:// or https://", subject="alert.alertmanager_url")
    return parsed


def alert(event: IncidentEvent, now: float, page_url: str = "") -> dict[str, Any]:
    """An incident as Alertmanager wants it; `now` in seconds.

    Alertmanager refuses an alert that ends before it starts, and takes one that ends in the past as resolved.
    """
    starts = min(event.opened_at.timestamp(), now)
    if firing(event):
        ends = now + LIFE
    else:
        over = event.resolved_at.timestamp() if event.resolved_at is not None else now
        ends = max(starts + 0.001, min(over, now))
    return {
        "labels": labels(event),
        "annotations": notes(event) | links(event, page_url),
        "startsAt": _rfc3339(starts),
        "endsAt": _rfc3339(ends),
        "generatorURL": incident_url(page_url, event.incident_id) if page_url else "",
    }


def labels(event: IncidentEvent) -> dict[str, str]:
    """The identity of the alert."""
    return {
        "alertname": ALERTNAME,
        "entity": single_line(event.entity.id, 512),
        "incident": single_line(event.incident_id, 512),
        "kind": event.kind,
    }


def notes(event: IncidentEvent) -> dict[str, str]:
    """What a person reads; every text of strangers is cleaned and cut."""
    counts = event.counts
    found: dict[str, str] = {}
    found["summary"] = single_line(event.explanation.summary, 500) or f"{event.kind} about {event.entity.name}"
    found["severity"] = str(event.severity)
    found["size"] = (
        f"{counts.mentions} mentions, {counts.negative} negative, {counts.authors} authors; "
        f"{counts.expected:.1f} expected"
    )
    if event.forecast is not None:
        low, high = event.forecast.low, event.forecast.high
        found["forecast"] = f"{event.forecast.size:.0f} mentions ({low:.0f} to {high:.0f})"
    if event.explanation.phrases:
        found["phrases"] = single_line(", ".join(phrase.text for phrase in event.explanation.phrases[:8]), 500)
    first = event.explanation.first_post
    if first is not None:
        found["first_post"] = f"{single_line(first.author, 100)}: {clean(first.text)[:500]}"
    if len(event.explanation.narratives) > 1:
        stories = [f"{topic(story, ', ')} ({story.share:.0%})" for story in event.explanation.narratives]
        found["stories"] = single_line("; ".join(stories), 500)
    if event.coordinated:
        why = ", ".join(REASON_WORDS[reason] for reason in event.reasons)
        looks = f"looks coordinated ({why})" if why else "looks coordinated"
        found["note"] = looks if may_page(event) else f"{looks}: no longer paged"
    return found


def links(event: IncidentEvent, page_url: str) -> dict[str, str]:
    """Addresses of the incident on the built-in page, and of its picture; none without a page."""
    if not page_url:
        return {}
    page = {"page": incident_url(page_url, event.incident_id)}
    if event.series is None:
        return page
    return page | {"picture": f"{page_url.rstrip('/')}/incidents/{quote(event.incident_id, safe='')}/picture.png"}


def incident_url(page_url: str, incident_id: str) -> str:
    """The address of an incident on the built-in page.

    >>> incident_url("http://127.0.0.1:8800/", "acme:surge:1")
    'http://127.0.0.1:8800/?incident=acme%3Asurge%3A1'
    """
    return f"{page_url.rstrip('/')}/?incident={quote(incident_id, safe='')}"


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
