"""The running check of the promise, from an index and verdicts to words, page and metrics."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from typer.testing import CliRunner

from pipeline.commands import context
from pipeline.commands.main import app
from pipeline.detect.evidence.budget import Promise, Team
from pipeline.index.load import open_index
from pipeline.observability.metrics import Metrics
from pipeline.promise.audit import audit, audit_and_publish, publish
from pipeline.promise.verdicts import VerdictStore
from pipeline.settings.settings import Settings, load
from pipeline.web.app import create_app
from tests.support.messages import NOON, incident, mention

DAYS = 60
FALSE = 6


async def fill(settings: Settings) -> None:
    """Two months of two companies; one has six incidents that were nothing, and one that nobody judged."""
    index = open_index(settings)
    await index.setup()
    said = [
        mention(f"net:{entity}{day}", entity=entity, minutes=1440.0 * (day - DAYS))
        for day in range(DAYS + 1)
        for entity in ("acme", "borealis")
    ]
    opened = [NOON - timedelta(days=5 * number + 1) for number in range(FALSE + 1)]
    events = [
        msgspec.structs.replace(incident(f"acme:surge:{number}"), opened_at=at, at=at)
        for number, at in enumerate(opened)
    ]
    await index.write([*said, *events])
    await index.close()
    verdicts = VerdictStore(settings.data)
    for event in events[:FALSE]:
        verdicts.record(event, "false", person="ann")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(context, "_flags", {})
    made = load(data=tmp_path)
    asyncio.run(fill(made))
    return made


async def test_the_index_and_the_verdicts_are_held_against_the_promise(tmp_path: Path) -> None:
    made = load(data=tmp_path)
    await fill(made)
    index = open_index(made)
    team = Team("north", frozenset({"acme"}), 0.4)
    found = await audit(index, VerdictStore(tmp_path), Promise(0.2, (team,)))
    assert found.whole.months == pytest.approx(4.0, abs=0.1)
    assert found.whole.allowed == pytest.approx(0.2 * 2.0 + 0.4 * 2.0, abs=0.05)
    assert (found.whole.reported, found.whole.judged, found.whole.unjudged) == (FALSE, FALSE, 1)
    assert {(one.scope, one.name) for one in found.broken} == {
        ("all", "everything"),
        ("team", "north"),
        ("entity", "Acme"),
    }
    lately = await audit(index, VerdictStore(tmp_path), Promise(0.2), days=10.0)
    assert lately.whole.reported == 2
    await index.close()


def test_the_command_says_so_and_ends_with_a_status(settings: Settings) -> None:
    done = CliRunner().invoke(app, ["--data", str(settings.data), "promise"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "6 false alarms reported in 90 days, 0.81 allowed: the world has left the model (chance 1 in" in done.stdout
    asked = CliRunner().invoke(app, ["--data", str(settings.data), "promise", "--json"], catch_exceptions=False)
    whole = json.loads(asked.stdout)["kept"][0]
    assert (whole["scope"], whole["reported"], whole["broken"]) == ("all", FALSE, True)


def test_nothing_heard_is_nothing_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_flags", {})
    done = CliRunner().invoke(app, ["--data", str(tmp_path), "promise"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "nothing to judge" in done.stdout


async def test_metrics_name_the_whole_and_what_is_broken(tmp_path: Path) -> None:
    made = load(data=tmp_path)
    await fill(made)
    metrics = Metrics()
    await audit_and_publish(made, metrics)
    labels = {"scope": "entity", "name": "Acme"}
    assert metrics.registry.get_sample_value("groundswell_false_alarms_reported", labels) == FALSE
    assert metrics.registry.get_sample_value("groundswell_promise_broken", labels) == 1
    index = open_index(made)
    publish(metrics, await audit(index, VerdictStore(tmp_path), Promise(20.0)))
    await index.close()
    assert metrics.registry.get_sample_value("groundswell_promise_broken", labels) is None


async def test_the_page_has_a_line_for_it(tmp_path: Path) -> None:
    made = load(data=tmp_path)
    await fill(made)
    index = open_index(made)
    page = create_app(index, dict, acknowledgements=VerdictStore(tmp_path), promise=Promise(0.2))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://localhost") as visitor:
        text = (await visitor.get("/part/side")).text
    await index.close()
    assert "the world has left the model" in text
    assert 'class="bad"' in text
