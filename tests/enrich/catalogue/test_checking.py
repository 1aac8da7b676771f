"""What `catalogue check` tells a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.commands.knowledge.catalogue import app
from pipeline.enrich.catalogue import CatalogueError
from pipeline.enrich.catalogue.checking import Severity, check


def write(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_clear_entity_needs_no_words(tmp_path: Path) -> None:
    assert check(write(tmp_path, "- {id: z, name: Zorbexium, industry: [airline]}")) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{id: z, name: River}", "ordinary word"),
        ("{id: z, name: Wendy}", "people or places"),
        ("{id: z, name: Old Bridge}", "made of ordinary words"),
        ("{id: z, name: Zorbexium, aliases: [Ryanair]}", "also a name of Ryanair"),
        ("{id: z, name: Zorbexium, handles: {twitter: [ryanair]}}", "also listed for Ryanair"),
        (
            "{id: z, name: Zorbexium, handles: {instagram: ['@RyanAir']}}",
            "@RyanAir on instagram is also listed for Ryanair",
        ),
        ("{id: z, name: Zorbexium, sites: [ryanair.com]}", "the site ryanair.com is also listed for Ryanair"),
        ("{id: z, name: Zorbexium, tickers: [ba]}", "the ticker ba is also listed for Boeing"),
        ("{id: z, name: Zorbexium, products: [Ryanair]}", "also a name of Ryanair"),
        ("{id: z, name: Zorbexium, industry: [alchemy]}", "no words to go by"),
    ],
)
def test_warnings(tmp_path: Path, entry: str, said: str) -> None:
    findings = check(write(tmp_path, f"- {entry}"))
    assert [f.severity for f in findings] == [Severity.WARNING]
    assert said in findings[0].what


def test_taking_a_shipped_ones_place_is_noted(tmp_path: Path) -> None:
    findings = check(write(tmp_path, "- {id: Q312, name: Zorbexium}"))
    assert [(f.severity, "Apple" in f.what) for f in findings] == [(Severity.NOTE, True)]


def test_a_conflict_between_ones_own_is_told_on_both_sides(tmp_path: Path) -> None:
    both = "- {id: a, name: Zorbexium, aliases: [Zorbi]}\n- {id: b, name: Quillomat, aliases: [ZORBI], "
    findings = check(write(tmp_path, both + "wikidata: Q990099}\n- {id: Q990099, name: Fennicware}"))
    assert [(f.entity, f.what.split(":")[0]) for f in findings] == [
        ("Fennicware (Q990099)", "Q990099 of Wikidata is also Quillomat (b)"),
        ("Quillomat (b)", "'ZORBI' is also a name of Zorbexium (a)"),
        ("Quillomat (b)", "Q990099 of Wikidata is also Fennicware (Q990099)"),
        ("Zorbexium (a)", "'Zorbi' is also a name of Quillomat (b)"),
    ]


@pytest.mark.parametrize("settled", ["ambiguous: {river: a stream}, homonym: [bank]", "distinctive: [RIVER]"])
def test_what_the_author_has_settled_is_not_told_again_whatever_its_capitals(tmp_path: Path, settled: str) -> None:
    assert check(write(tmp_path, f"- {{id: a, name: River, {settled}}}"), with_shipped=False) == []


def test_every_alias_that_is_a_word_is_told(tmp_path: Path) -> None:
    findings = check(write(tmp_path, "- {id: a, name: Zorbexium, aliases: [river, Old Bridge, Quillomat, wendy]}"))
    assert [f.what.split()[0] for f in findings] == ["'Old", "'river'", "'wendy'"]


def test_an_unusable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError):
        check(write(tmp_path, "- {id: z}"))
    done = CliRunner().invoke(app, ["check", str(tmp_path / "own.yaml")])
    assert done.exit_code == 1
    assert "own.yaml" in done.output


def test_check_on_the_command_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(write(tmp_path, "- {id: z, name: River}"))])
    assert done.exit_code == 0
    assert "ordinary word" in done.output
    assert "1 warnings" in done.output


def test_build_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("qid,label,description,twitter\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["build", str(tmp_path / "a.csv"), "--out", str(tmp_path / "o.jsonl")])
    assert done.exit_code == 1
    (tmp_path / "a.csv").write_text("qid,label,description,twitter\nQ1,A,b,c\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["build", str(tmp_path / "a.csv"), "--out", str(tmp_path / "o.jsonl")])
    assert done.exit_code == 0
    assert (tmp_path / "o.jsonl").stat().st_size > 10_000


def test_a_doubtful_name_without_words_of_its_own_is_noted(tmp_path: Path) -> None:
    entry = "- {id: z, name: Zorbexium, ambiguous: {Zorbexium: a mineral}%s}"
    [found] = check(write(tmp_path, entry % ""))
    assert (found.severity, "homonym" in found.what) == (Severity.NOTE, True)
    assert check(write(tmp_path, entry % ", homonym: [rock, mine]")) == []
