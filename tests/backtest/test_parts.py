"""The parts that the report is counted from."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from pipeline.backtest.detection import entity_months, run_detector
from pipeline.backtest.forecasts import forecast_marks
from pipeline.backtest.spool import MentionSpool
from pipeline.backtest.volumes import around, card, count, overall
from pipeline.detect.evidence.budget import Promise, Team
from pipeline.detect.mentions.inbound import read
from pipeline.detect.stage import run
from pipeline.errors import Malformed
from pipeline.terminal.steps import Steps
from tests.backtest.conftest import mention


def no_tick(_: int) -> None:
    """Nobody watches."""


def test_the_spool_gives_what_it_took_as_often_as_wanted(tmp_path: Path) -> None:
    with MentionSpool(tmp_path / "new") as spool:
        lines = [msgspec.json.encode(mention(n, n * 60.0, f"text {n}")) for n in range(5)]
        for line in lines:
            spool.add(line)
        spool.add(b'{"type":"post_deleted"}')  # for the index only
        with pytest.raises(Malformed):
            spool.add(b"{}")
        assert list(spool) == list(spool) == [read(line) for line in lines]
        company = spool.companies["evil"]
        assert (company.mentions, company.negative, company.last - company.first) == (5, 5, 4 * 3600.0)
        assert entity_months([company]) == pytest.approx(4 / 720)
        assert spool.records == spool.mentions == 5


def test_watching_changes_nothing(simulated: Path) -> None:
    with MentionSpool() as spool:
        for line in (simulated / "mentions.jsonl").read_bytes().splitlines():
            spool.add(line)
        expected = [event for event in run(spool, 0.2) if event.event == "opened"]
        assert run_detector(spool, 0.2, no_tick).openings == expected
        assert expected


def test_every_mention_of_a_window_is_in_its_bars(simulated: Path) -> None:
    with MentionSpool() as spool:
        for line in (simulated / "mentions.jsonl").read_bytes().splitlines():
            spool.add(line)
        episodes = list(run_detector(spool, 0.2, no_tick).episodes.values())
        companies = list(spool.companies.values())
        near, whole = [around(episode) for episode in episodes], overall(spool, companies)
        count(spool, [*near, *whole], no_tick)
        for company, window in zip(companies, whole, strict=True):
            assert window.drawn().mentions == company.mentions
            assert window.drawn().negative == company.negative
        for episode, window in zip(episodes, near, strict=True):
            drawn = card(episode, window).chart
            assert drawn.mentions >= episode.last.counts.negative
            assert drawn.expected is not None
            if episode.last.counts.mentions >= 20:  # a false alarm may be less than usual
                assert drawn.expected < drawn.peak


def test_wild_dates_do_not_shrink_the_drawing(tmp_path: Path) -> None:
    with MentionSpool(tmp_path) as spool:
        for n in range(600):
            spool.add(msgspec.json.encode(mention(n, n * 10.0, "x")))
        spool.add(msgspec.json.encode(mention(601, 0.0, "x", created_at="0001-01-01T00:00:00Z")))
        spool.add(msgspec.json.encode(mention(602, 0.0, "x", created_at="9999-12-31T23:59:59Z")))
        (window,) = overall(spool, list(spool.companies.values()))
        count(spool, [window], no_tick)
        assert window.until - window.since <= 6 * 86_400
        assert window.drawn().mentions == 600


def test_progress_says_what_remains() -> None:
    out = io.StringIO()
    with Steps(Console(file=out), interactive=False) as steps:
        steps.step("reading", 1_000)
        steps.tick(100)
        assert steps.line(steps._began + 60.0) == "reading: 100 of 1,000, 9 minutes to go"
        steps.step("sorting", None)
        steps.tick(7)
        assert steps.line(0.0) == "sorting: 7"


def test_forecasts_are_held_against_what_came(simulated: Path) -> None:
    with MentionSpool() as spool:
        for line in (simulated / "mentions.jsonl").read_bytes().splitlines():
            spool.add(line)
        episodes = list(run_detector(spool, 0.2, no_tick).episodes.values())
    over = [e for e in episodes if e.last.resolved_at is not None and not e.last.coordinated]
    marks = forecast_marks(episodes)
    assert sum(one.number for one in marks) == sum(len(episode.last.review) for episode in over) > 0
    for one in marks:
        assert one.error >= 0.0
        assert 0.0 <= one.held <= 1.0
    for episode in over:
        for told in episode.last.review:
            assert told.error == pytest.approx(abs(told.size / episode.last.counts.mentions - 1.0), abs=2e-3)
    assert forecast_marks([]) == []


def test_what_a_team_is_promised_holds_for_its_companies(simulated: Path) -> None:
    with MentionSpool() as spool:
        for line in (simulated / "mentions.jsonl").read_bytes().splitlines():
            spool.add(line)
        first, *others = (company.id for company in spool.companies.values())
        team = Team("north", frozenset({first}), 0.02)
        mixed = run_detector(spool, Promise(1.0, (team,)), no_tick)
        strict, loose = run_detector(spool, 0.02, no_tick), run_detector(spool, 1.0, no_tick)
    assert [e for e in mixed.openings if e.entity.id == first] == [e for e in strict.openings if e.entity.id == first]
    assert [e for e in mixed.openings if e.entity.id in others] == [e for e in loose.openings if e.entity.id in others]
