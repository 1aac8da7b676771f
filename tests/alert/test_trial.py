"""A trial page reaches every notifier, says that it is one, and names what did not take it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from pipeline.alert.alertmanager import Alertmanager
from pipeline.alert.trial import send_trial
from pipeline.alert.webhook import Webhook
from pipeline.contracts.incidents import IncidentEvent
from tests.alert.conftest import FaultyServer

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)


async def test_a_webhook_gets_its_beginning_and_its_end(server: FaultyServer) -> None:
    hook = Webhook(server.url, "a-secret-of-decent-length", allow_private=True)
    assert await send_trial([hook], NOW) == {"webhook": None}
    events = [msgspec.json.decode(request.body, type=IncidentEvent) for request in server.requests]
    assert [event.event for event in events] == ["opened", "resolved"]
    assert all("trial" in event.explanation.summary for event in events)


async def test_an_alertmanager_gets_an_alert_that_fires(server: FaultyServer) -> None:
    assert await send_trial([Alertmanager(server.url)], NOW) == {"alertmanager": None}
    (request,) = server.requests
    assert b"groundswell-trial" in request.body


async def test_what_is_not_taken_is_said_with_its_reason(server: FaultyServer) -> None:
    server.script = [403]
    hook = Webhook(server.url, "a-secret-of-decent-length", allow_private=True)
    taken = await send_trial([hook, Alertmanager("http://127.0.0.1:1")], NOW)
    assert "403" in str(taken["webhook"])
    assert taken["alertmanager"] is not None
