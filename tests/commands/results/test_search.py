"""`groundswell search` and `groundswell index` against the embedded index."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.commands import context
from pipeline.commands.main import app
from pipeline.errors import SettingsError
from pipeline.index.protocol import Document
from pipeline.index.sqlite.index import SqliteIndex
from tests.index.documents import mention


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(context, "_flags", {"data": str(tmp_path)})
    monkeypatch.setenv("COLUMNS", "200")
    put(
        tmp_path,
        mention("net:1", "The parcel \x1b[2J never\ncame [bold]"),
        mention("net:2", "Lovely staff", label="positive", minutes=1),
        mention("net:3", "Elsewhere", author="net:bob", entity="umbrella", minutes=2),
    )
    return tmp_path


def put(folder: Path, *documents: Document) -> int:
    """Write and give the number of mentions kept."""

    async def run() -> int:
        index = SqliteIndex(folder / "index.sqlite")
        await index.write(documents)
        count = await index.count()
        await index.close()
        return count

    return asyncio.run(run())


def groundswell(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


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


def test_setup_and_expire(data: Path) -> None:
    assert groundswell("index", "setup").exit_code == 0
    assert "dropped 0" in groundswell("index", "expire", "--before", "2026-03-14").stdout
    assert "dropped 3" in groundswell("index", "expire", "--before", "2026-03-15").stdout
    assert groundswell("index", "expire").exit_code == 2


def test_forget_asks_and_what_is_forgotten_does_not_come_back(data: Path) -> None:
    assert CliRunner().invoke(app, ["index", "forget", "--post", "net:1"], input="n\n").exit_code == 1
    assert "1 mentions forgotten" in groundswell("index", "forget", "--post", "net:1", "--yes").stdout
    assert put(data, mention("net:1", version=7)) == 2
    assert "1 mentions forgotten" in groundswell("index", "forget", "--author", "net:bob", "--yes").stdout
    assert put(data, mention("net:4", author="net:bob")) == 1
    assert groundswell("index", "forget").exit_code == 2
