"""The shipped artefact on ONNX Runtime: batching, plain cases, what it imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

from models.manifest import SHIPPED
from models.postprocessing import Outputs
from models.runtime.batching import SPREAD, TOGETHER, Ids, micro_batches
from models.runtime.onnx_cpu import OnnxScorer
from tests.models.test_contract import distance
from tests.models.texts import ODD, PLAIN


@pytest.fixture(scope="module")
def onnx() -> OnnxScorer:
    return OnnxScorer(SHIPPED, threads=1)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_the_answer_does_not_depend_on_what_a_text_is_batched_with(onnx: OnnxScorer, batch: int) -> None:
    other = OnnxScorer(SHIPPED, threads=1, batch=batch, recent=0)
    texts = PLAIN + ODD
    for text, one, two in zip(texts, onnx.score(texts), other.score(texts), strict=True):
        assert distance(one, two) < 1e-3, text[:60]


def test_plain_complaints_and_praise_are_told_apart(onnx: OnnxScorer) -> None:
    complaints = ["worst service ever, I hate this company", "my parcel never arrived, what a terrible experience"]
    praise = ["I love this, thank you so much!", "fantastic service, very happy with the result"]
    facts = ["The meeting is on Thursday at ten.", "The shop is on Mill Street."]
    assert [answer.sentiment.label for answer in onnx.score(complaints)] == ["negative"] * 2
    assert [answer.sentiment.label for answer in onnx.score(praise)] == ["positive"] * 2
    assert [answer.sentiment.label for answer in onnx.score(facts)] == ["neutral"] * 2


def test_who_is_mentioned_and_what_is_linked_does_not_matter(onnx: OnnxScorer) -> None:
    one, two = onnx.score(["@northgrid you are useless https://a.example/1", "@oak.bank you are useless www.b.example"])
    assert distance(one, two) == 0.0


def test_sure_means_at_least_the_stated_confidence(onnx: OnnxScorer) -> None:
    stated = onnx.manifest.heads["sentiment"].sure
    for answer in onnx.score(PLAIN):
        found = answer.sentiment
        assert found.sure == (max(found.negative, found.neutral, found.positive) >= stated)


def test_exact_repeats_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = OnnxScorer(SHIPPED, threads=1, recent=8)
    first = scorer.score(PLAIN[:4])
    runs = 0
    network = scorer.outputs

    def counting(*given: Ids) -> Outputs:
        nonlocal runs
        runs += 1
        return network(*given)

    monkeypatch.setattr(scorer, "outputs", counting)
    assert [a.sentiment for a in scorer.score(PLAIN[:4] * 3)] == [a.sentiment for a in first * 3]
    assert runs == 0
    scorer.score(PLAIN[4:14])
    before = runs
    assert before > 0
    scorer.score(PLAIN[:1])
    assert runs == before + 1, "the oldest answer was let go"


def test_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys\n"
        "from models.load import load_scorer\n"
        "from pipeline.settings.settings import ModelSettings\n"
        "load_scorer(ModelSettings(threads=1)).score(['hello'])\n"
        "print(sorted({'torch', 'transformers', 'onnx'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_micro_batches_hold_every_text_once_with_little_padding() -> None:
    lengths = [len(text) % 100 + 2 for text in PLAIN + ODD] * 3
    groups = list(micro_batches(lengths, 8))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        found = [lengths[index] for index in group]
        assert len(group) <= 8
        assert max(found) <= SPREAD * min(found)
        assert len(group) * max(found) <= TOGETHER
