"""What `sources` and `doctor` say about networks."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.commands.main import app
from pipeline.commands.operations.reach import gaps_of_a_day, reach
from pipeline.commands.operations.sources import asked, network_sources
from pipeline.contracts.gaps import NetworkGap
from pipeline.errors import SettingsError, TerminalError
from pipeline.ingest.cursor import CursorStore
from pipeline.settings.networks import FeedsSettings
from pipeline.settings.settings import load
from tests.ingest.conformance.wires.feeds import FeedsWire


def gap(minutes: float) -> NetworkGap:
    until = datetime.now(UTC) - timedelta(hours=1)
    return NetworkGap(
        gap_id=f"bluesky:{minutes}", network="bluesky", agent="bluesky", since=until - timedelta(minutes=minutes),
        until=until, reason="too_old", noticed_at=until,
    )  # fmt: skip


def test_each_network_with_what_is_asked_and_what_came_of_it(tmp_path: Path) -> None:
    settings = load(
        data=tmp_path,
        ingest={"feeds": {"urls": ["https://a.example/"], "budget": {"requests": 100}}},
    )
    assert {source.stored_seconds_ago for source in network_sources(settings)} == {None}
    with CursorStore(tmp_path / "cursors.sqlite") as store:
        store.save("feeds", {"https://a.example/": "{}", "https://b.example/": "{}"})
        store.save("bluesky", {"": "1"}, gaps=[gap(3), gap(0.5)])
        store.save_spent("feeds", datetime.fromtimestamp(time.time(), UTC).date(), "requests", 40.0)
    found = {source.network: source for source in network_sources(settings)}
    assert found["feeds"].asks == ["urls: https://a.example/"]
    assert (found["feeds"].streams, found["feeds"].budget_left) == (2, {"requests": 60.0})
    assert (found["bluesky"].gaps, found["bluesky"].gap_seconds, found["bluesky"].asks) == (2, 210.0, [])
    shown = CliRunner().invoke(app, ["--data", str(tmp_path), "sources"])
    assert shown.exit_code == 0
    assert "0:03:30" in shown.stdout
    lines = CliRunner().invoke(app, ["--data", str(tmp_path), "sources", "--json"]).stdout.splitlines()
    assert [json.loads(line)["network"] for line in lines] == sorted(found)


def test_long_lists_are_cut_and_secrets_left_out() -> None:
    many = FeedsSettings(urls=[f"https://{n}.example/" for n in range(9)], every=60.0)
    assert asked(many) == [
        "urls: https://0.example/, https://1.example/, https://2.example/, https://3.example/ and 5 more",
        "every: 60.0",
    ]
    settings = load(ingest={"webhook": {"sources": {"forum": {"kind": "discourse", "secret": "of this test alone"}}}})
    assert asked(settings.ingest.webhook) == ["sources: forum"]


def test_a_minute_missing_within_a_day_is_wrong(tmp_path: Path) -> None:
    settings = load(data=tmp_path)
    assert gaps_of_a_day(settings) == "no network was listened to from here"
    with CursorStore(tmp_path / "cursors.sqlite") as store:
        store.save("bluesky", {"": "1"}, gaps=[gap(0.5)])
        assert gaps_of_a_day(settings) == "1 gaps within a day, none of a minute"
        store.save("bluesky", {"": "1"}, gaps=[gap(3)])
    with pytest.raises(TerminalError, match="4 min of bluesky"):
        gaps_of_a_day(settings)


def test_what_is_not_set_up_says_so() -> None:
    with pytest.raises(SettingsError, match=r"ingest\.feeds: nothing to listen to"):
        reach(load(), "feeds")
    with pytest.raises(SettingsError, match=r"no such network.*bluesky"):
        reach(load(), "blusky")


def test_a_network_that_is_away_is_wrong() -> None:
    settings = load(ingest={"allow_private": True, "hackernews": {"url": "http://127.0.0.1:9/v0"}})
    with pytest.raises(TerminalError, match=r"hackernews: .*connection failed.*Try again later"):
        reach(settings, "hackernews")
    settings = load(ingest={"hackernews": {"url": "http://127.0.0.1:9/v0"}})
    with pytest.raises(TerminalError, match=r"not a public address.*ingest\.allow_private"):
        reach(settings, "hackernews")


async def test_a_network_that_answers_is_well() -> None:
    import asyncio

    async with FeedsWire() as wire:
        await wire.post(1)
        settings = load(ingest={"allow_private": True, "feeds": {"urls": [f"{wire.url}/feed.xml"]}})
        assert await asyncio.to_thread(reach, settings, "feeds") == "answers (feeds)"
