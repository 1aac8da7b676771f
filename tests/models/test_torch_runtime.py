"""The torch runtime gives what the ONNX one gives, and reads any Hugging Face checkpoint in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.load import load_scorer
from models.manifest import SHIPPED
from models.runtime.onnx_cpu import OnnxScorer
from models.runtime.reading import pad
from pipeline.errors import TerminalError
from pipeline.settings import ModelSettings
from tests.models.conftest import checkpoint, scorer_for
from tests.models.test_contract import distance
from tests.models.texts import ODD, PLAIN

pytestmark = pytest.mark.torch

TOLERANCE, AT_MOST = 0.02, 0.03
"""Probabilities of the two runtimes, for nearly all texts and for all: both round to 8 bits, and what lies on the edge
may fall to either side."""


def test_labels_are_those_of_the_onnx_runtime() -> None:
    assert len(PLAIN) >= 60
    one, two = scorer_for("onnx").score(PLAIN), scorer_for("torch").score(PLAIN)
    different = [text for text, a, b in zip(PLAIN, one, two, strict=True) if a.sentiment.label != b.sentiment.label]
    assert different == []


def test_probabilities_are_close_to_the_onnx_runtime() -> None:
    texts = PLAIN + ODD
    one, two = scorer_for("onnx").score(texts), scorer_for("torch").score(texts)
    apart = [distance(a, b) for a, b in zip(one, two, strict=True)]
    assert max(apart) < AT_MOST
    assert float(np.quantile(apart, 0.98)) < TOLERANCE
    assert float(np.mean(apart)) < 0.004


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
    assert OnnxScorer(SHIPPED, threads=1).ref == scorer_for("torch").ref


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
