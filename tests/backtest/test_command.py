"""`groundswell backtest` from files to a report."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pipeline.commands import context
from pipeline.errors import SettingsError, TerminalError
from tests.backtest.conftest import START, command


def backtest(data: Path, *arguments: str, out: Path) -> dict[str, Any]:
    answer = command("--data", str(data), "backtest", *arguments, "--out", str(out), "--json")
    return dict(json.loads(answer))


def test_a_simulated_history_names_its_snowballs(simulated: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    labels = str(simulated / "labels.jsonl")
    found = backtest(tmp_path, str(simulated / "mentions.jsonl"), "--format", "mentions", "--labels", labels, out=out)
    truth = [json.loads(line) for line in (simulated / "labels.jsonl").read_text().splitlines()]
    real = {story["story"] for story in truth if story["incident"]}
    verdicts = found["labels"]
    assert {one["story"] for one in verdicts["found"]} | {one["story"] for one in verdicts["missed"]} == real
    biggest = max(truth, key=lambda story: story["size"])
    assert biggest["story"] in {one["story"] for one in verdicts["found"]}
    incident = max(found["incidents"], key=lambda one: one["counts"]["mentions"])
    assert incident["entity"]["id"] == biggest["entity"]
    assert incident["paged_at"] <= incident["over_at"]
    report = out.read_text(encoding="utf-8")
    assert incident["entity"]["name"] in report
    assert incident["opening"] in report.replace("&#39;", "'")
    assert biggest["story"] in report
    assert "Forecasts, held against what came" in report
    assert sum(row["number"] for row in found["forecasts"]) == sum(
        len(one["foretold"]) for one in found["incidents"] if one["over_at"] and not one["coordinated"]
    )


def test_another_rate_pages_no_less(simulated: Path, tmp_path: Path) -> None:
    found = backtest(
        tmp_path, str(simulated / "mentions.jsonl"), "--format", "mentions", "--false-alarms", "0.1",
        out=tmp_path / "r.html",
    )  # fmt: skip
    rates = [row["false_alarms"] for row in found["rates"]]
    paging = [row["paging"] for row in found["rates"]]
    allowed = [row["expected_false"] for row in found["rates"]]
    assert rates == [0.05, 0.1, 0.2, 0.5, 1.0]
    assert paging == sorted(paging)
    assert allowed == sorted(allowed)
    assert found["false_alarms"] == 0.1
    assert len(found["incidents"]) == found["rates"][1]["incidents"]


def test_candidates_are_told_by_a_looser_promise(tmp_path: Path) -> None:
    history = tmp_path / "mentions.jsonl"
    command("simulate", "--seed", "3", "--entities", "1", "--days", "20", "--out", str(history))

    def at(rate: str) -> dict[str, Any]:
        return backtest(tmp_path, str(history), "--format", "mentions", "--false-alarms", rate, out=tmp_path / "r.html")

    strict, loose = at("0.05"), at("1.0")
    ratios = [one["value"] / one["threshold"] for one in strict["candidates"]]
    assert ratios == sorted(ratios, reverse=True)
    assert all(0.7 <= ratio < 1.0 for ratio in ratios)
    assert all(one["would_need"] > 0.05 for one in strict["candidates"])
    told = [datetime.fromisoformat(one["opened_at"]) for one in loose["incidents"]]
    near = [datetime.fromisoformat(one["at"]) for one in strict["candidates"] if one["would_need"] < 0.8]
    assert len(near) >= 2
    for height in near:
        assert any(abs(height - opened) < timedelta(hours=1) for opened in told), height
    for incident in strict["incidents"]:
        for one in strict["candidates"]:
            assert not incident["opened_at"] <= one["at"] <= (incident["over_at"] or "9")


def test_the_same_input_gives_the_same_report(simulated: Path, tmp_path: Path) -> None:
    arguments = (str(simulated / "mentions.jsonl"), "--format", "mentions")
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    one = backtest(tmp_path / "here", *arguments, out=first)
    two = backtest(tmp_path / "there", *arguments, out=second)
    assert first.read_bytes() == second.read_bytes()
    assert {**one, "seconds": 0, "report": ""} == {**two, "seconds": 0, "report": ""}
    assert not list((tmp_path / "here").glob("groundswell-*"))


def test_posts_are_analyzed_in_the_order_of_their_times(tmp_path: Path) -> None:
    """A format that lies in no order, rejects among it, through linking and a model that finds all of it negative."""
    catalogue = tmp_path / "own.yaml"
    catalogue.write_text("- id: own:zorblatt\n  name: Zorblatt Rail\n")
    rows = ["tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"]
    for n in range(60):
        when = START.replace(hour=10 + n // 30, minute=n % 30 * 2).strftime("%a %b %d %H:%M:%S +0000 %Y")
        rows.append(f"{n + 1},u{n},True,{when},Zorblatt Rail left me standing {n},,{'' if n == 0 else 1}")
    rows = [rows[0], *reversed(rows[1:]), "x,u,True,never,broken,,"]
    history = tmp_path / "history.csv"
    history.write_text("\n".join(rows) + "\n")
    out = tmp_path / "r.html"
    context.put("model.backend", "fixed")
    found = backtest(tmp_path, str(history), "--format", "twcs", "--catalogue", str(catalogue), out=out)
    assert (found["read"], found["rejected"], found["mentions"]) == (61, 1, 60)
    assert sum(found["rejects"].values()) == 1
    assert found["start"].startswith("2026-04-06T10:00:00")
    assert "fixed-" in out.read_text()
    kept = list((tmp_path / "rejects").glob("backtest-*.jsonl"))
    assert len(kept) == 1
    assert "broken" in kept[0].read_text()


def test_a_summary_for_a_person(hostile: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    text = command("--data", str(tmp_path), "backtest", str(hostile), "--format", "mentions", "--out", str(out))
    assert "159 rows read, 3 rejected, 156 mentions of 1 companies; 1 incidents, 1 would have" in " ".join(text.split())
    assert f"report: {out}" in text.replace("\n", "")
    ElementTree.fromstring(out.read_text(encoding="utf-8"))


def test_an_empty_history_is_a_report_too(tmp_path: Path) -> None:
    history, out = tmp_path / "none.jsonl", tmp_path / "r.html"
    history.write_bytes(b"\n")
    found = backtest(tmp_path, str(history), "--format", "mentions", out=out)
    assert (found["read"], found["mentions"], found["incidents"], found["start"]) == (0, 0, [], None)
    assert "Nothing would have paged" in out.read_text()


def test_what_cannot_work_is_said_before_the_work(simulated: Path, tmp_path: Path) -> None:
    history = str(simulated / "mentions.jsonl")
    with pytest.raises(TerminalError, match="cannot be written"):
        command("backtest", history, "--format", "mentions", "--out", str(tmp_path / "nowhere" / "r.html"))
    with pytest.raises(TerminalError, match="line 1 is no label"):
        command(
            "backtest", history, "--format", "mentions", "--labels", history, "--out", str(tmp_path / "r.html")
        )  # fmt: skip
    with pytest.raises(SettingsError, match="is not a known format"):
        command(
            "--set", "model.backend=fixed", "backtest", history, "--format", "nonsense", "--out", str(tmp_path / "r")
        )
    with pytest.raises(TerminalError, match="missing"):
        command("backtest", str(tmp_path / "missing.jsonl"), "--format", "mentions", "--out", str(tmp_path / "r.html"))
