"""Temperatures and shifts against what they must undo, and that nothing is judged by what it was fitted on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from models.evaluation.cross_fitting import TENTHS, answers_apart, tenth_of
from models.evaluation.rows import Rows, answers_of
from models.export.calibrate import ALWAYS, Judged, fit_temperature, prior_shift, tempered
from models.manifest import SHIPPED, Head, read_manifest, save_manifest, verify
from models.metrics import softmax
from models.runtime.onnx_cpu import OnnxScorer

PLAIN = Head(("no", "yes"), 1.0, (0.0, 0.0), 0.5)


def drawn(rows: int, temperature: float, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are drawn from them as that temperature says."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (rows, 2))
    labels = (random.random(rows) < softmax(logits, temperature)[:, 1]).astype(np.int64)
    return logits, labels


def test_a_temperature_is_found_again() -> None:
    random = np.random.default_rng(5)
    logits = random.normal(0, 2, (20_000, 3))
    honest = softmax(logits, 1.6)
    labels = np.array([random.choice(3, p=row) for row in honest])
    assert fit_temperature(logits, labels, np.ones(len(labels))) == pytest.approx(1.6, rel=0.05)


def test_full_balance_takes_out_the_shares_of_the_training_data() -> None:
    shares = np.array([0.1, 0.6, 0.3])
    assert softmax(np.log(shares) + prior_shift(shares, np.full(3, 1 / 3))) == pytest.approx([1 / 3] * 3)
    assert softmax(np.log(shares) + prior_shift(shares, shares)) == pytest.approx(shares)


def test_each_tenth_has_the_temperature_that_is_found_without_it() -> None:
    logits, labels = drawn(800, 1.5)
    tenth = np.where(np.arange(800) < 200, ALWAYS, np.arange(800) % TENTHS)
    head = tempered(PLAIN, Judged(logits, labels, tenth))
    assert len(head.tenths) == TENTHS
    for number, temperature in enumerate(head.tenths):
        rest = tenth != number
        assert temperature == fit_temperature(logits[rest], labels[rest], np.ones(rest.sum()))
        labels_of_it_turned = np.where(rest, labels, 1 - labels)
        other = tempered(PLAIN, Judged(logits, labels_of_it_turned, tenth))
        assert other.tenths[number] == temperature, "the labels of a tenth do not move its own temperature"
        assert other.temperature != head.temperature


def test_a_head_without_reported_texts_has_no_tenths() -> None:
    logits, labels = drawn(500, 1.5)
    assert tempered(PLAIN, Judged(logits, labels, np.full(500, ALWAYS))).tenths == ()


def test_a_label_that_is_to_be_likelier_counts_more() -> None:
    logits, labels = drawn(4_000, 1.5)
    shift = (0.6, -0.6)
    head = tempered(replace(PLAIN, shift=shift), Judged(logits, labels, np.full(4_000, ALWAYS)))
    weights = np.exp(np.array(shift))[labels]
    assert head.temperature == fit_temperature(logits + np.array(shift), labels, weights)


def test_repeats_of_a_text_lie_in_one_tenth() -> None:
    texts = [f"the parcel number {number} never came" for number in range(2_000)]
    assert all(tenth_of(text) == tenth_of(f"  {text.upper()} ") for text in texts[:50])
    counts = np.bincount([tenth_of(text) for text in texts], minlength=TENTHS)
    assert len(counts) == TENTHS
    assert counts.min() > 140


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped artefact, whose emotions are read by another temperature in each tenth."""
    out = Path(shutil.copytree(SHIPPED, tmp_path / "artefact"))
    manifest = read_manifest(out)
    head = replace(manifest.heads["emotion"], tenths=tuple(0.5 + 0.5 * number for number in range(TENTHS)))
    save_manifest(replace(manifest, heads={**manifest.heads, "emotion": head}), out)
    verify(out)
    return out


def test_reported_texts_are_judged_by_the_temperature_of_their_tenth(folder: Path) -> None:
    scorer = OnnxScorer(folder, threads=1)
    texts = tuple(f"I am so {word} about flight {number}" for word in ("angry", "glad") for number in range(20))
    rows = Rows("own", "emotion", texts, np.zeros(len(texts), np.int64))
    plain, apart = answers_of(scorer, rows), answers_apart(scorer, rows)
    assert plain.confidence is not None
    assert apart.confidence is not None
    assert apart.predicted.tolist() == plain.predicted.tolist()
    shipped = scorer.heads["emotion"]
    for index, text in enumerate(texts):
        own = replace(shipped, temperature=shipped.tenths[tenth_of(text)])
        (alone,) = scorer.with_heads({**scorer.heads, "emotion": own}).score([text])
        assert alone.emotion_confidence == pytest.approx(apart.confidence[index], abs=1e-3)
    hot = np.array([tenth_of(text) == TENTHS - 1 for text in texts])
    assert hot.any()
    assert (apart.confidence[hot] < plain.confidence[hot]).all()


def test_a_scorer_without_tenths_is_judged_as_it_is() -> None:
    scorer = OnnxScorer(SHIPPED, threads=1)
    bare = scorer.with_heads({name: replace(head, tenths=()) for name, head in scorer.heads.items()})
    rows = Rows("own", "emotion", ("I am so glad", "never again"), np.zeros(2, np.int64))
    assert answers_apart(bare, rows).confidence == pytest.approx(answers_of(scorer, rows).confidence)
