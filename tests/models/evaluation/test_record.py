"""Figures that are added to an artefact after its export, and the spread over seeds."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from models.card import render_card
from models.evaluation.record import record
from models.figures import Capability, Compared, Figures, Interval, Retrieval
from models.manifest import MANIFEST, SHIPPED, read_manifest, verify
from pipeline.errors import TerminalError


def figures(value: float, **other: object) -> Figures:
    found = Interval(value, value - 0.1, value + 0.1)
    plain = Figures("sentiment", "own", 10, "macro-recall", {"macro-recall": found}, {}, found, [])
    return msgspec.structs.replace(plain, **other)


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "artefact"))
    of_seeds(folder, 1)
    return folder


def of_seeds(folder: Path, seed: int, *seeds: int) -> None:
    manifest = read_manifest(folder)
    training = msgspec.structs.replace(manifest.training, seed=seed, seeds=seeds)
    manifest = msgspec.structs.replace(manifest, training=training)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def another(artefact: Path, seed: int, value: float) -> Path:
    folder = artefact.parent / f"seed{seed}"
    folder.mkdir()
    manifest = read_manifest(artefact)
    training = msgspec.structs.replace(manifest.training, seed=seed, seeds=())
    manifest = msgspec.structs.replace(manifest, training=training, figures=[figures(value)])
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return folder


def test_what_is_found_is_kept_and_the_artefact_stays_whole(artefact: Path) -> None:
    before = read_manifest(artefact)
    better = Compared("VADER", Interval(0.5, 0.4, 0.6), Interval(0.2, 0.1, 0.3))
    record(artefact, figures=[figures(0.6, fp32=0.61, compared=(better,))], behaviour=[Capability("a", 3, 2, ("b",))])
    record(artefact, figures=[figures(0.7)], retrieval=[Retrieval("base", "own", 9, 0.5, 0.6)])
    after = verify(artefact)
    (found,) = [one for one in after.figures if one.data == "own"]
    assert (found.official.value, found.fp32, found.compared) == (0.7, 0.61, (better,))
    assert after.behaviour == [Capability("a", 3, 2, ("b",))]
    assert after.retrieval[-1].recall_at_1 == 0.5
    assert len(after.figures) == len(before.figures) + 1
    assert after.files == before.files


def test_runs_with_other_seeds_give_the_spread(artefact: Path) -> None:
    record(artefact, figures=[figures(0.7)])
    own = read_manifest(artefact).training.seed
    others = [another(artefact, own + 1, 0.72), another(artefact, own + 2, 0.74)]
    found = next(one for one in record(artefact, seeds=others).figures if one.data == "own")
    assert [one.seed for one in found.seeds] == [own, own + 1, own + 2]
    assert [one.metrics["macro-recall"] for one in found.seeds] == [0.7, 0.72, 0.74]
    assert found.seeds[1].metrics["calibration error"] == 0.72
    again = next(one for one in record(artefact, figures=[figures(0.71)]).figures if one.data == "own")
    assert len(again.seeds) == 3


def test_an_average_is_not_one_of_the_runs_that_it_is_of(artefact: Path) -> None:
    record(artefact, figures=[figures(0.75)])
    of_seeds(artefact, 1, 1, 2)
    runs = [another(artefact, 1, 0.72), another(artefact, 2, 0.74)]
    found = next(one for one in record(artefact, seeds=runs).figures if one.data == "own")
    assert [(one.seed, one.metrics["macro-recall"]) for one in found.seeds] == [(1, 0.72), (2, 0.74)]
    assert "the mean of the weights of seeds 1, 2" in render_card(read_manifest(artefact))


def test_the_same_seed_or_other_heads_are_no_spread(artefact: Path) -> None:
    own = read_manifest(artefact).training.seed
    with pytest.raises(TerminalError, match="has the same seed"):
        record(artefact, seeds=[another(artefact, own, 0.7)])
    other = another(artefact, own + 1, 0.7)
    manifest = read_manifest(other)
    heads = {"sentiment": manifest.heads["sentiment"], "own": manifest.heads["sentiment"]}
    (other / MANIFEST).write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, heads=heads)))
    with pytest.raises(TerminalError, match="has other heads"):
        record(artefact, seeds=[other])
