"""What the guide shows is true: its catalogues load, its commands exist, its tables are whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from pipeline.commands.main import app
from pipeline.contracts.values import LinkHow, Untrained
from pipeline.enrich.catalogue import Entity, load_catalogue
from pipeline.enrich.catalogue.checking import Severity, check
from pipeline.enrich.threads import memory, orphans, waiting
from pipeline.enrich.threads.threads import REACH
from pipeline.ingest.roots import REMEMBERED
from pipeline.text.out_of_domain import LONG

GUIDE = (Path(__file__).parents[3] / "docs" / "linking.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_catalogues_in_the_guide_are_one(tmp_path: Path) -> None:
    [in_yaml], [table] = blocks("yaml"), blocks("csv")
    (tmp_path / "own.yaml").write_text(in_yaml, encoding="utf-8")
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    catalogue = load_catalogue(tmp_path)
    assert catalogue.subsidiaries["zorbex-group"] == ("zorbex-air", "zorbex-rail")
    assert [f for f in check(tmp_path) if f.severity is Severity.WARNING and "also" in f.what] == []


def test_its_example_of_copies_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [example] = blocks("python")
    exec(compile(example, "docs/linking.md", "exec"), {})
    assert capsys.readouterr().out == "0 before\n1 before\n"


def test_every_field_of_a_catalogue_is_explained() -> None:
    table = GUIDE.partition("| field | what it is |")[2].partition("\n\n")[0]
    explained = set(re.findall(r"`(\w+)(?:: press)?`", table))
    assert set(Entity.__struct_fields__) <= explained


@pytest.mark.parametrize("kind", [LinkHow, Untrained])
def test_every_kind_is_explained(kind: object) -> None:
    for name in get_args(kind):
        assert f"`{name}`" in GUIDE


def test_its_figures_are_those_of_the_code() -> None:
    for figure in (LONG, REMEMBERED, waiting.MAX_BYTES):
        assert f"{figure:,}" in GUIDE
    assert f"({memory.MAX_BYTES // 1024} kB)" in GUIDE
    assert f"for {REACH} of them at most" in GUIDE
    assert f"a thread has {orphans.MAX_WAITING} at most" in GUIDE
    assert f"of the newest {waiting.SEGMENT} one author has {waiting.SHARE}." in GUIDE


@pytest.mark.parametrize("line", sorted({*re.findall(r"^groundswell (.*)$", GUIDE, re.MULTILINE)}))
def test_its_commands_exist(line: str) -> None:
    words = [word for word in re.sub(r'"[^"]*"', "text", line.partition("#")[0]).split() if not word.startswith("--")]
    command = words[:2] if words[0] == "catalogue" else words[:1]
    told = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert told.exit_code == 0, told.output
    for option in re.findall(r"--[a-z]+", line):
        assert option in re.sub(r"\x1b\[[0-9;]*m", "", told.output)
