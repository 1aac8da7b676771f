"""The torch runtime gives what the ONNX one gives, and reads any Hugging Face checkpoint in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from msgspec.structs import astuple

from models.evaluation.behaviour.cases import read_cases
from models.load import load_scorer
from models.manifest import SHIPPED
from models.runtime.batching import pad
from models.runtime.onnx_cpu import OnnxScorer
from models.scorer import Reading, Scores
from pipeline.contracts.values import Label
from pipeline.errors import TerminalError
from pipeline.settings.model import ModelSettings
from tests.models.conftest import checkpoint, scorer_for
from tests.models.test_contract import distance
from tests.models.texts import ODD, PLAIN

pytestmark = pytest.mark.torch

TOLERANCE, SAME = 0.02, 0.995
"""Of the two runtimes: the largest difference of any probability, and the least share of answers with the same labels.
Both round to 8 bits, and what lies on the edge may fall to either side: no order of additions would change that."""

IN_BF16, SAME_IN_BF16 = 0.04, 0.98
"""The same for matrices in bf16, whose products have 8 bits."""


KINDS: tuple[Literal["fp32"], Literal["bf16"]] = ("fp32", "bf16")


def readings() -> list[Reading]:
    """Some four hundred texts of our own, some of them asked about names in them."""
    cases = {(one.text, one.targets): one for case in read_cases() for one in case.readings}
    return [*list(cases.values())[::2], *(Reading(text) for text in PLAIN + ODD)]


@pytest.mark.parametrize(
    ("precision", "tolerance", "least", "mean"),
    [("fp32", TOLERANCE, SAME, 0.002), ("bf16", IN_BF16, SAME_IN_BF16, 0.01)],
)
def test_answers_are_those_of_the_onnx_runtime(precision: str, tolerance: float, least: float, mean: float) -> None:
    given = readings()
    assert len(given) >= 300
    one, two = scorer_for("onnx").score(given), scorer_for(f"torch {precision}").score(given)
    apart = [distance(a, b) for a, b in zip(one, two, strict=True)]
    assert max(apart) < tolerance
    assert float(np.mean(apart)) < mean
    for kind in (_feelings, _emotion, _yes):
        same = [kind(a) == kind(b) for a, b in zip(one, two, strict=True)]
        assert float(np.mean(same)) >= least, kind.__name__


def _feelings(scores: Scores) -> list[Label]:
    return [found.label for found in (scores.sentiment, *scores.targets)]


def _emotion(scores: Scores) -> str | None:
    return scores.emotion


def _yes(scores: Scores) -> list[bool]:
    assert scores.signals is not None
    return [value >= 0.5 for value in astuple(scores.signals) if value is not None]


def test_a_hugging_face_checkpoint_is_read_with_its_labels(tmp_path: Path) -> None:
    from models.runtime.torch_any import open_torch

    folder = checkpoint(tmp_path / "bert", ["POSITIVE", "NEGATIVE", "NEUTRAL"])
    scorer = open_torch(folder, threads=1)
    answers = scorer.score(PLAIN + ODD)
    assert len(answers) == len(PLAIN + ODD)
    ids, mask = pad([[101, 2307, 102]])
    logits = scorer.outputs(ids, mask, mask[:0], mask[0, :0])["sentiment"][0]
    expected = np.exp(logits) / np.exp(logits).sum()
    answer = scorer.score(["great"])[0].sentiment
    assert [answer.positive, answer.negative, answer.neutral] == pytest.approx(expected.tolist(), abs=1e-6)
    assert scorer.ref.name == "bert"


def test_outputs_without_names_need_a_mapping(tmp_path: Path) -> None:
    from models.runtime.torch_any import open_torch

    folder = checkpoint(tmp_path / "bert", ["LABEL_0", "LABEL_1"])
    with pytest.raises(TerminalError, match=r"model\.labels"):
        open_torch(folder)
    scorer = open_torch(folder, threads=1, labels=("negative", "positive"))
    by_name = open_torch(folder, threads=1, labels={"LABEL_1": "positive", "LABEL_0": "negative"})
    assert by_name.score(PLAIN) == scorer.score(PLAIN)
    assert {answer.sentiment.label for answer in scorer.score(PLAIN)} <= {"negative", "positive"}
    assert all(answer.sentiment.neutral < 1e-6 for answer in scorer.score(PLAIN))


def test_a_checkpoint_is_read_in_the_numbers_asked_for(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "bert", ["negative", "neutral", "positive"])
    full, less = (
        load_scorer(ModelSettings(path=folder, backend="torch", threads=1, precision=kind)).score(PLAIN)
        for kind in KINDS
    )
    apart = [distance(a, b) for a, b in zip(full, less, strict=True)]
    assert 1e-6 < max(apart) < 0.02


def test_a_folder_that_is_neither_is_refused(tmp_path: Path) -> None:
    from models.runtime.torch_any import open_torch

    with pytest.raises(TerminalError, match=r"manifest\.json"):
        open_torch(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no such thing"}))
    with pytest.raises(TerminalError, match="not a sequence-classification checkpoint"):
        open_torch(tmp_path)


def test_the_torch_runtime_verifies_the_artefact_too(tmp_path: Path) -> None:
    import shutil

    from models.runtime.torch_any import open_torch

    folder = Path(shutil.copytree(SHIPPED, tmp_path / "artefact"))
    (folder / "weights.safetensors").write_bytes(b"short")
    with pytest.raises(TerminalError, match="truncated"):
        open_torch(folder)
    assert OnnxScorer(SHIPPED, threads=1).ref == scorer_for("torch fp32").ref


def test_a_checkpoint_wants_the_torch_backend_and_says_so(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "bert", ["negative", "neutral", "positive"])
    with pytest.raises(TerminalError, match=r"Set model\.backend to torch"):
        load_scorer(ModelSettings(path=folder))
    answer = load_scorer(ModelSettings(path=folder, backend="torch", threads=1)).score(["fine"])[0]
    assert answer.signals is None
    assert answer.embedding is None


def test_labels_that_do_not_fit_the_checkpoint_are_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "bert", ["LABEL_0", "LABEL_1"])
    wrong = ModelSettings(path=folder, backend="torch", labels={"LABEL_0": "positive", "LABEL_7": "negative"})
    with pytest.raises(TerminalError, match=r"LABEL_0, LABEL_1, which model\.labels makes positive, LABEL_1"):
        load_scorer(wrong)
