"""Alertmanager: identity, firing and ending, keeping alive; against a faulty server, and against the real one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from pipeline.alert.alertmanager import LIFE, Alertmanager, alert, labels
from pipeline.alert.load import open_notifiers
from pipeline.alert.resender import REPEAT_END, Ends, OpenIncidents, Resender
from pipeline.alert.stage import Alert
from pipeline.contracts.incidents import Counts, IncidentEvent
from pipeline.errors import SettingsError, TerminalError, TransientError
from pipeline.index.load import open_index
from pipeline.settings.settings import load
from tests import availability
from tests.alert.conftest import FaultyServer
from tests.alert.notifiers import Clock
from tests.support.messages import OPENED, pile_on

NOW = OPENED.timestamp() + 600.0


def when(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_labels_hold_only_what_never_changes() -> None:
    grown = pile_on("escalated", 20, severity=5, counts=Counts(900, 800, 700, 7.0))
    assert labels(pile_on()) == labels(grown) == labels(pile_on("resolved", 60))
    assert labels(pile_on()) == {
        "alertname": "GroundswellIncident",
        "entity": "acme",
        "incident": "acme:pile_on:test:1",
        "kind": "pile_on",
    }


def test_an_open_incident_fires_until_some_time_ahead_and_an_ended_one_has_ended() -> None:
    open_ = alert(pile_on(), NOW, "http://127.0.0.1:8800/")
    assert when(open_["startsAt"]) == OPENED.timestamp()
    assert when(open_["endsAt"]) == NOW + LIFE
    assert open_["generatorURL"] == "http://127.0.0.1:8800/?incident=acme%3Apile_on%3Atest%3A1"
    assert open_["annotations"]["severity"] == "3"
    for over in (
        pile_on("resolved", 5),
        pile_on("updated", 5, coordinated=True),
        pile_on("updated", 5, pageable=False),
    ):
        assert OPENED.timestamp() < when(alert(over, NOW)["endsAt"]) <= NOW


@pytest.mark.parametrize("minutes", [-600_000, 0, 9, 600_000])
def test_an_alert_never_ends_before_it_starts_whatever_the_clocks_say(minutes: int) -> None:
    opened = OPENED + timedelta(minutes=minutes)
    for message in (pile_on(opened_at=opened), pile_on("resolved", opened_at=opened, resolved_at=opened)):
        shown = alert(message, NOW)
        assert when(shown["startsAt"]) < when(shown["endsAt"])


async def test_faults_are_told_apart(server: FaultyServer) -> None:
    notifier = Alertmanager(server.url)
    for status, error in ((503, TransientError), (400, TerminalError), (302, TerminalError)):
        server.script = [status]
        with pytest.raises(error, match=f"{status}"):
            await notifier.send(pile_on())
    assert server.requests[0].line == "POST /api/v2/alerts HTTP/1.1"
    await notifier.close()


async def test_an_unreachable_server_is_a_passing_fault() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        notifier = Alertmanager(f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(TransientError, match="connection failed"):
            await notifier.send(pile_on())


def test_a_path_before_the_interface_is_kept_and_nonsense_refused() -> None:
    assert str(Alertmanager("http://host:9093/am")._base.join("api/v2/alerts")) == "http://host:9093/am/api/v2/alerts"
    with pytest.raises(SettingsError, match="alertmanager_url"):
        Alertmanager("localhost:9093")


class Index:
    """The open incidents that an index would give."""

    def __init__(self, *events: IncidentEvent) -> None:
        self.events = list(events)
        self.error: TransientError | None = None

    async def read(self) -> list[IncidentEvent]:
        if self.error is not None:
            raise self.error
        return list(self.events)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[OpenIncidents]:
        yield self.read


def repeated(server: FaultyServer) -> list[dict[str, Any]]:
    return list(msgspec.json.decode(server.requests[-1].body))


async def test_a_round_repeats_what_the_index_holds_open_and_what_ended_lately(server: FaultyServer) -> None:
    clock = Clock(NOW)
    ends = Ends(clock)
    stale = pile_on(name="old", at=OPENED - timedelta(days=30))
    quiet = pile_on(name="quiet", pageable=False)
    lagging = pile_on(name="ended")  # the index has not heard of its end yet
    index = Index(pile_on(name="open"), stale, quiet, lagging)
    notifier = Alertmanager(server.url, clock=clock, ended=ends.note)
    resender = Resender(lambda: notifier, index.open, ends, clock=clock)

    await notifier.send(pile_on("resolved", 9, name="ended"))
    assert await resender.round(notifier, index.read) == 2
    by_id = {a["labels"]["incident"]: a for a in repeated(server)}
    assert when(by_id["open"]["endsAt"]) == NOW + LIFE
    assert when(by_id["ended"]["endsAt"]) <= NOW

    clock.now += REPEAT_END + 1.0
    index.events = [pile_on(name="open")]
    assert await resender.round(notifier, index.read) == 1


async def test_a_round_goes_on_with_what_it_knew_when_the_index_or_the_server_is_away(server: FaultyServer) -> None:
    clock = Clock(NOW)
    index = Index(pile_on(name="open"))
    notifier = Alertmanager(server.url, clock=clock)
    resender = Resender(lambda: notifier, index.open, Ends(clock), clock=clock)
    assert await resender.round(notifier, index.read) == 1
    index.error = TransientError("away")
    assert await resender.round(notifier, index.read) == 1
    server.script = [500]
    assert await resender.round(notifier, index.read) == 0


async def test_an_incident_that_fires_again_is_not_repeated_as_ended() -> None:
    ends = Ends(Clock())
    ends.note(pile_on("resolved", 1), True)
    ends.note(pile_on("escalated", 2), False)
    assert ends.recent() == {}


async def test_the_thread_begins_at_once_and_ends_when_told(server: FaultyServer) -> None:
    index = Index(pile_on(name="open", at=datetime.now(UTC)))
    resender = Resender(lambda: Alertmanager(server.url), index.open, Ends(), every=60.0)
    resender.start()
    async with asyncio.timeout(10):
        await server.asked.wait()
    await asyncio.to_thread(resender.close)
    assert not [thread for thread in threading.enumerate() if thread.name == "alert-resender"]
    assert repeated(server)[0]["labels"]["incident"] == "open"


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a real Alertmanager on a free port of the loopback."""
    config = tmp_path / "alertmanager.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        availability.alertmanager() or "", f"--config.file={config}", f"--storage.path={tmp_path}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as client:
            await _ready(client, url)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _ready(client: httpx.AsyncClient, url: str) -> None:
    """Returns when the server takes alerts; the caller bounds the wait."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            if (await client.get(f"{url}/-/ready")).status_code == 200:
                return
        await asyncio.sleep(0.05)


async def firing_now(url: str) -> dict[str, dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/api/v2/alerts", params={"filter": 'alertname="GroundswellIncident"'})
    return {a["labels"]["incident"]: a for a in answer.json()}


@pytest.mark.alertmanager
async def test_the_real_alertmanager_shows_one_alert_an_incident_until_it_is_resolved(alertmanager: str) -> None:
    opened = datetime.now(UTC) - timedelta(minutes=20)
    notifier = Alertmanager(alertmanager, page_url="http://127.0.0.1:8800")
    hostile = 'x"}\n{evil="1"} \u202e'
    steps = [
        pile_on(opened_at=opened),
        pile_on(opened_at=opened),  # again after a crash
        pile_on("escalated", 5, opened_at=opened, severity=5),
        pile_on(opened_at=opened, name=hostile),
    ]
    for step in steps:
        await notifier.send(step)
    shown = await firing_now(alertmanager)
    assert len(shown) == 2
    assert shown["acme:pile_on:test:1"]["annotations"]["severity"] == "5"
    assert shown["acme:pile_on:test:1"]["status"]["state"] == "active"

    await notifier.send(pile_on("resolved", 15, opened_at=opened, resolved_at=opened + timedelta(minutes=15)))
    assert "acme:pile_on:test:1" not in await firing_now(alertmanager)
    assert len(await firing_now(alertmanager)) == 1


@pytest.mark.alertmanager
async def test_the_real_alertmanager_takes_replayed_history_and_learns_it_anew_after_a_restart(
    alertmanager: str,
) -> None:
    long_ago = datetime(2017, 11, 1, tzinfo=UTC)
    notifier = Alertmanager(alertmanager)
    await notifier.send(pile_on(opened_at=long_ago))
    assert len(await firing_now(alertmanager)) == 1
    await notifier.send(pile_on("resolved", opened_at=long_ago, resolved_at=long_ago + timedelta(hours=1)))
    assert await firing_now(alertmanager) == {}

    # Nothing was sent by this process yet: what fires comes from the index.
    index = Index(pile_on(name="open", at=datetime.now(UTC)))
    resender = Resender(lambda: notifier, index.open, Ends())
    assert await resender.round(notifier, index.read) == 1
    assert list(await firing_now(alertmanager)) == ["open"]


async def test_the_settings_open_the_notifiers_that_are_set(server: FaultyServer, tmp_path: Path) -> None:
    assert open_notifiers(load(data=tmp_path)) == []
    settings = load(
        data=tmp_path,
        alert={
            "terminal": True,
            "webhook_url": "https://hooks.example.com/in",
            "webhook_secret": "a-secret-of-decent-length",
            "alertmanager_url": server.url,
        },
    )
    index = open_index(settings)
    await index.setup()
    await index.write([pile_on(name="from-the-index", at=datetime.now(UTC))])
    await index.close()

    stage = Alert(open_notifiers(settings))
    async with asyncio.timeout(10):
        await server.asked.wait()
    await stage.close()
    assert repeated(server)[0]["labels"]["incident"] == "from-the-index"
