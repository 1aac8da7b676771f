"""`groundswell incidents`: list and acknowledge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from pipeline.commands.main import main
from pipeline.contracts.mentions import EntityRef
from pipeline.errors import TransientError
from pipeline.index.load import open_index
from pipeline.promise.verdicts import FILE, VerdictStore
from pipeline.settings.settings import load
from tests.support.messages import pile_on


class Ran(NamedTuple):
    """What a command came to."""

    exit_code: int
    stdout: str
    stderr: str


Groundswell = Callable[..., Ran]


@pytest.fixture
def groundswell(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Groundswell:
    """Runs ``groundswell incidents …``."""

    monkeypatch.setattr(
        "pipeline.observability.logs.set_up", lambda level: None
    )  # it would log to this test's stderr for ever

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["groundswell", "incidents", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return Ran(int(end.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose index holds an open incident and one that is over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDSWELL_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    async def fill() -> None:
        index = open_index(load())
        await index.setup()
        hostile = pile_on(name="b:surge:2", entity=EntityRef("b", "[red]Evil[/]\x1b[31m"))
        await index.write([pile_on(), pile_on("resolved", 60, name="c:surge:3"), hostile])
        await index.close()

    asyncio.run(fill())
    return tmp_path


def test_list_shows_what_is_open_and_what_is_over(groundswell: Groundswell) -> None:
    everything = groundswell("list")
    assert everything.exit_code == 0
    assert "acme:pile_on:test:1" in everything.stdout
    assert "over" in everything.stdout
    assert "[red]Evil[/]" in everything.stdout
    assert "\x1b" not in everything.stdout
    still_open = groundswell("list", "--open", "--json")
    ids = {msgspec.json.decode(line)["incident_id"] for line in still_open.stdout.splitlines()}
    assert ids == {"acme:pile_on:test:1", "b:surge:2"}


def test_a_verdict_is_kept_and_the_latest_one_shown(data: Path, groundswell: Groundswell) -> None:
    assert groundswell("ack", "acme:pile_on:test:1", "--reason", "false").exit_code == 0
    late = groundswell("ack", "acme:pile_on:test:1", "--reason", "too-late", "--by", "Kim", "--note", "again")
    assert late.stdout == "acme:pile_on:test:1: too late (by Kim)\n"
    given = VerdictStore(data).newest()["acme:pile_on:test:1"]
    assert (given.verdict, given.person, given.note, given.kind, given.rule) == (
        "too late", "Kim", "again", "pile_on", "thread",
    )  # fmt: skip
    shown = groundswell("list", "--json", "--limit", "50").stdout.splitlines()
    verdicts = {row["incident_id"]: row["acknowledged"] for row in map(msgspec.json.decode, shown)}
    assert verdicts["acme:pile_on:test:1"]["verdict"] == "too late"
    assert verdicts["c:surge:3"] is None


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["ack", "nobody:surge:1", "--reason", "real"], 1, "nobody:surge:1: is not among the 1,000 newest incidents"),
        (["ack", "acme:pile_on:test:1", "--reason", "maybe"], 2, "real, false, known, too late"),
        (["ack", "acme:pile_on:test:1"], 2, "--reason"),
        (["list", "--limit", "0"], 2, "--limit"),
    ],
)
def test_mistakes_are_told(data: Path, groundswell: Groundswell, arguments: list[str], status: int, says: str) -> None:
    result = groundswell(*arguments)
    assert result.exit_code == status
    assert says in result.stderr
    assert VerdictStore(data).newest() == {}


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, and long enough to be seen as none" * 10)
    with pytest.raises(TransientError, match=FILE):
        VerdictStore(tmp_path).newest()
