"""`groundswell search` against the embedded index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from tests.commands.conftest import groundswell


def test_a_table_for_people_that_no_post_can_break_out_of(data: Path) -> None:
    result = groundswell("search", "parcel")
    assert result.exit_code == 0
    assert "The parcel never came [bold]" in result.stdout
    assert "\x1b[2J" not in result.stdout
    assert "1 to 1 of 1" in result.stdout


def test_json_lines_for_programs(data: Path) -> None:
    lines = groundswell("search", "--json").stdout.splitlines()
    assert [json.loads(line)["post_id"] for line in lines] == ["net:3", "net:2", "net:1"]


def test_filters(data: Path) -> None:
    def ids(*arguments: str) -> list[str]:
        return [
            json.loads(line)["post_id"][4:] for line in groundswell("search", "--json", *arguments).stdout.splitlines()
        ]

    assert ids("--entity", "umbrella") == ["3"]
    assert ids("--sentiment", "positive") == ["2"]
    assert ids("never", "came") == ["1"]
    assert ids("--since", "2026-03-14T12:01Z", "--until", "2026-03-14T14:02:00+02:00") == ["2"]
    assert ids("--limit", "1", "--offset", "1") == ["2"]
    assert ids("--until", "1d", "nothing") == []
    assert groundswell("search", "nothing").stdout == "no mentions\n"


@pytest.mark.parametrize(
    "arguments", [("--since", "yesterday"), ("--sentiment", "angry"), ("--until", "99999x"), ("--since", "")]
)
def test_wrong_values_are_named(data: Path, arguments: tuple[str, str]) -> None:
    result = groundswell("search", *arguments)
    assert isinstance(result.exception, SettingsError)
    assert arguments[0] in str(result.exception)
