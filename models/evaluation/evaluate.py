"""How good an artefact is on labelled texts: macro-recall and calibration, with intervals, 8-bit against fp32."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.answers import LABELS
from models.evaluation.metrics import Floats, Ints, calibration_error, interval, macro_recall, recalls
from models.manifest import Figures, Interval
from models.scorer import Scorer
from models.training.data import Example, read_tsv
from pipeline.errors import TerminalError

CONFIDENCES = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def predict(scorer: Scorer, texts: Sequence[str]) -> Floats:
    """Probabilities of negative, neutral and positive, (texts, 3)."""
    answers = [answer.sentiment for answer in scorer.score(texts)]
    return np.array([(answer.negative, answer.neutral, answer.positive) for answer in answers], np.float64)


def figures(
    probabilities: Floats,
    labels: Ints,
    *,
    name: str,
    head: str = "sentiment",
    names: Sequence[str] = LABELS,
    reference: Floats | None = None,
) -> Figures:
    """The figures of predictions; `reference` are those of the unquantised weights (default: the same)."""
    predicted = probabilities.argmax(axis=1)
    other = predicted if reference is None else reference.argmax(axis=1)
    classes = len(names)
    low, high = interval(lambda chosen: macro_recall(predicted[chosen], labels[chosen], classes), len(labels))
    confidence = probabilities.max(axis=1)
    curve = []
    for least in CONFIDENCES:
        inside = confidence >= least
        right = float(np.mean(predicted[inside] == labels[inside])) if inside.any() else 0.0
        curve.append((least, round(float(inside.mean()), 4), round(right, 4)))
    return Figures(
        head=head,
        data=name,
        texts=len(labels),
        macro_recall=Interval(round(macro_recall(predicted, labels, classes), 4), round(low, 4), round(high, 4)),
        recalls={
            label: round(value, 4) for label, value in zip(names, recalls(predicted, labels, classes), strict=True)
        },
        calibration_error=round(calibration_error(probabilities, labels), 4),
        accuracy_by_confidence=curve,
        fp32_macro_recall=round(macro_recall(other, labels, classes), 4),
        fp32_same_label=round(float(np.mean(other == predicted)), 4),
    )


def evaluate_file(scorer: Scorer, path: Path, reference: Scorer | None = None) -> Figures:
    """The figures of a scorer on a tab-separated file with the columns `text` and `label` (0 negative, 1 neutral,
    2 positive); `reference` is another one to compare with.

    Raises `TerminalError` when the file is not as stated or empty.
    """
    examples = read_tsv(path, len(LABELS))
    if not examples:
        raise TerminalError("has no examples", subject=str(path))
    return evaluate(scorer, examples, path.name, reference)


def evaluate(scorer: Scorer, examples: Sequence[Example], name: str, reference: Scorer | None = None) -> Figures:
    """The figures of a scorer on labelled texts."""
    texts = [example.text for example in examples]
    labels = np.array([example.label for example in examples], np.int64)
    other = predict(reference, texts) if reference is not None else None
    return figures(predict(scorer, texts), labels, name=name, reference=other)


def render(found: Figures) -> str:
    """The figures for a person to read."""
    recall = found.macro_recall
    lines = [
        f"{found.head} on {found.data}: {found.texts} texts",
        f"  macro-recall       {recall.value:.4f}  (95 % interval {recall.low:.4f} – {recall.high:.4f})",
        "  recall             " + ", ".join(f"{label} {value:.4f}" for label, value in found.recalls.items()),
        f"  calibration error  {found.calibration_error:.4f}  (15 bins)",
        f"  against fp32       {found.fp32_macro_recall:.4f} macro-recall, {found.fp32_same_label:.2%} same labels",
        "  confidence at least → share of texts, accuracy on them",
    ]
    lines += [f"    {least:.1f} → {share:6.1%}, {right:.1%}" for least, share, right in found.accuracy_by_confidence]
    return "\n".join(lines)
