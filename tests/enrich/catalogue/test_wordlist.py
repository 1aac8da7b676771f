"""The list of ordinary words is made from word lists by a command."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.commands.knowledge.catalogue import app
from pipeline.enrich.catalogue import CatalogueError
from pipeline.enrich.catalogue.wordlist import HEADING, write_words


def lists(folder: Path, **content: str) -> Path:
    for name, text in content.items():
        (folder / name.replace("__", "-").replace("_", ".")).write_bytes(text.encode("latin-1"))
    return folder


def test_words_and_names_are_told_apart(tmp_path: Path) -> None:
    folder = lists(
        tmp_path,
        english__words_10="gap\nshell\ngap's\nx\ncaf\u00e9\nextraordinarinesses\n",
        american__words_50="color\n",
        english__words_60="quaggy\n",
        english__upper_50="Paris\nNASA\nMcKee\nShell\nEd\n",
        german__words_10="wort\n",
    )
    out = tmp_path / "out.txt"
    assert write_words([folder], out) == (3, 1)
    assert out.read_text().splitlines() == [HEADING, "color", "gap", "shell", "Paris"]
    assert write_words([folder], out, size=60) == (4, 1)
    assert write_words([folder / "german-words.10"], out) == (1, 0)


def test_the_order_of_lists_does_not_matter(tmp_path: Path) -> None:
    files = [lists(tmp_path, a_1="Gap\nzeal\n") / "a.1", lists(tmp_path, b_1="gap\n") / "b.1"]
    assert write_words(files, tmp_path / "one") == write_words(files[::-1], tmp_path / "two") == (2, 0)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("given", ["none", "empty", "folder"])
def test_what_gives_no_words_is_refused(tmp_path: Path, given: str) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CatalogueError, match=given):
        write_words([tmp_path / given], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("gap\nParis\n")
    done = CliRunner().invoke(app, ["words", str(tmp_path / "words"), "--out", str(tmp_path / "out")])
    assert (done.exit_code, done.output.split(" in ")[0]) == (0, "1 words and 1 names")
    assert CliRunner().invoke(app, ["words", str(tmp_path / "no"), "--out", str(tmp_path / "x")]).exit_code == 1
