"""`groundswell explain`: candidates with scores, and the reason for each that was left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from pipeline.commands.main import app
from pipeline.errors import TerminalError


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """The command sends logs to the standard error of the test's runner, which is closed afterwards."""
    yield
    structlog.reset_defaults()


def told(post: str, text: str = "", *options: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["explain", post, "--json", *options], input=text, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_the_command_takes_text_json_and_standard_input() -> None:
    [text] = told("Ryanair is late")
    [post] = told('{"type":"post","text":"Ryanair is late","network":"bluesky","kind":"reply"}')
    [piped] = told("-", "Ryanair is late\n")
    both = told("-", '{"text":"Ryanair is late"}\n{"text":"nobody"}\n')
    assert text == piped == both[0]
    assert post["candidates"] == text["candidates"]
    assert both[1]["candidates"] == []


def test_the_command_takes_a_file(tmp_path: Path) -> None:
    posts, text = tmp_path / "posts.jsonl", tmp_path / "post.txt"
    posts.write_text('{"text":"Ryanair is late"}\n{"text":"nobody"}\n', encoding="utf-8")
    text.write_bytes(b"Ryanair is late \xff\n")
    command = ["explain", "--json", "--file"]
    done = CliRunner().invoke(app, [*command, str(posts)], catch_exceptions=False)
    first, second = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert ([c["entity"] for c in first["candidates"]], second["candidates"]) == (["Ryanair"], [])
    done = CliRunner().invoke(app, [*command, str(text)], catch_exceptions=False)
    assert '"entity":"Ryanair"' in done.stdout


def test_a_catalogue_can_be_tried_before_it_takes_force(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("- {id: z, name: Zorbexium}\n", encoding="utf-8")
    [found] = told("Zorbexium is late", "", "--catalogue", str(own))
    assert [c["id"] for c in found["candidates"]] == ["z"]
    [without] = told("Zorbexium is late")
    assert without["candidates"] == []


@pytest.mark.parametrize("given", [[], ["a text", "--file", "x"], ["--file", "no-such-file"]])
def test_the_command_takes_one_thing_that_is_there(given: list[str]) -> None:
    done = CliRunner().invoke(app, ["explain", *given])
    assert done.exit_code != 0
    assert isinstance(done.exception, TerminalError | SystemExit)


def test_the_command_shows_a_table() -> None:
    done = CliRunner().invoke(app, ["explain", "the gap in my [bold]tooth"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "ordinary word" in done.stdout
    assert "[bold]tooth" in done.stdout
