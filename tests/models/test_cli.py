"""The `model` commands that need no training extra."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from models.cli import app
from models.manifest import SHIPPED, read_manifest

runner = CliRunner()


def test_card_states_data_licences_and_figures() -> None:
    result = runner.invoke(app, ["card"])
    assert result.exit_code == 0
    manifest = read_manifest(SHIPPED)
    assert f"# {manifest.name} {manifest.version}" in result.stdout
    assert f"{manifest.figures[0].macro_recall.value:.1%}" in result.stdout
    assert all(data.name in result.stdout for data in manifest.data)
    assert all(info.sha256 in result.stdout for info in manifest.files.values())


def test_verify_says_that_the_files_are_as_stated() -> None:
    result = runner.invoke(app, ["verify"])
    assert result.exit_code == 0
    assert "all as stated" in result.stdout


def test_evaluate_prints_figures_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "own.tsv"
    file.write_text("text\tlabel\nI love it so much\t2\nI hate this terrible company\t0\nIt opens at nine.\t1\n")
    result = runner.invoke(app, ["evaluate", str(file)])
    assert result.exit_code == 0
    assert "3 texts" in result.stdout
    assert "macro-recall" in result.stdout


def test_every_command_shows_an_example() -> None:
    for command in ("train", "export", "evaluate", "verify", "card"):
        result = runner.invoke(app, [command, "--help"])
        assert f"groundswell model {command}" in result.stdout
