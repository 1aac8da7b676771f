"""The `model` commands that need no training extra."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from models.manifest import SHIPPED, read_manifest
from pipeline.commands.knowledge.model import app

runner = CliRunner()


def test_card_states_data_licences_and_figures() -> None:
    result = runner.invoke(app, ["card"])
    assert result.exit_code == 0
    manifest = read_manifest(SHIPPED)
    assert f"# {manifest.name} {manifest.version}" in result.stdout
    assert all(f"{found.official.value:.1%}" in result.stdout for found in manifest.figures)
    assert all(f"| {one.name} | {one.cases} |" in result.stdout for one in manifest.behaviour)
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


def test_evaluate_reads_other_heads_and_gives_json(tmp_path: Path) -> None:
    file = tmp_path / "own.tsv"
    file.write_text("text\ttarget\tlabel\nI love my Orla so much\tOrla\tpositive\nI hate Orla, awful\tOrla\t0\n")
    result = runner.invoke(app, ["evaluate", str(file), "--head", "target", "--json"])
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["figures"]
    assert (found["head"], found["metric"], found["texts"]) == ("target", "accuracy", 2)
    assert found["metrics"]["accuracy"]["value"] == 1.0


def test_evaluate_runs_the_behavioural_checks() -> None:
    result = runner.invoke(app, ["evaluate", "--behaviour"])
    assert result.exit_code == 0
    assert "negation" in result.stdout
    assert "floor" in result.stdout


CONFIG = """
name = "own"
version = "1"
output = "out"
[base]
name = "b"
package = "b"
sha256 = "{zeros}"
licence = "l"
notice = "n"
[heads.sentiment]
labels = ["negative", "neutral", "positive"]
[[sources]]
name = "own train"
head = "sentiment"
format = "tsv"
path = "train.tsv"
licence = "own"
[[sources]]
name = "own aside"
head = "sentiment"
format = "tsv"
path = "aside.tsv"
report = 1.0
licence = "own"
"""


def test_evaluate_reads_the_sets_that_a_configuration_keeps_aside(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(CONFIG.replace("{zeros}", "0" * 64))
    kinds = ("I love number", "It opens at", "I hate number")
    rows = [f"{kind} {n}\t{2 - label}" for n in range(40) for label, kind in enumerate(kinds)]
    (tmp_path / "train.tsv").write_text("text\tlabel\n" + "\n".join(rows) + "\n")
    aside = ["I love this place\t2", "I hate this place\t0", "It opens at nine today\t1"]
    (tmp_path / "aside.tsv").write_text("text\tlabel\n" + "\n".join(aside) + "\n")
    arguments = ["evaluate", "--suite", str(tmp_path / "own.toml"), "--data", str(tmp_path), "--no-baselines"]
    result = runner.invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "own aside: 3 texts" in result.stdout
    assert "sentiment: own aside, 3 rows" in result.stderr


def test_evaluate_wants_to_know_what_to_evaluate() -> None:
    assert runner.invoke(app, ["evaluate"]).exit_code == 2
    assert runner.invoke(app, ["evaluate", "--set-floors", "--model", "elsewhere"]).exit_code == 2


def test_every_command_shows_an_example() -> None:
    for command in ("train", "export", "evaluate", "verify", "card"):
        result = runner.invoke(app, [command, "--help"])
        assert f"groundswell model {command}" in result.stdout
