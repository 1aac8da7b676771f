"""Figures of a model on labelled rows, with intervals, calibration and baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from models.evaluation.calibration_null import calibration_chance
from models.evaluation.rows import LABELS, METRICS, OFFICIAL, Answers, Rows
from models.evaluation.slices import slices_of
from models.figures import Compared, Figures, Interval, SeedFigures, Slice
from models.metrics import Floats, Ints, confidence_error, coverage, interval, recalls
from models.scorer import SIGNALS

CONFIDENCES = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SMALLEST_SLICE = 30
"""Texts below which nothing is said about a part of a set."""

DIGITS = 4


def figures(
    rows: Rows,
    answers: Answers,
    *,
    reference: Answers | None = None,
    others: Mapping[str, Answers] | None = None,
    slices: bool = False,
) -> Figures:
    """The figures of a model's answers; `reference` are those of its unquantised weights, `others` those of other
    systems to the same rows."""
    classes, groups = len(LABELS[rows.head]), rows.groups
    official = OFFICIAL.get(rows.head, "macro-F1")
    right = (answers.predicted == rows.labels).astype(np.float64)
    found = None if answers.confidence is None else coverage(answers.confidence, right, CONFIDENCES)
    other = None if reference is None else METRICS[official](reference.predicted, rows.labels, classes, None)
    per_label = recalls(answers.predicted, rows.labels, classes)
    return Figures(
        head=rows.head,
        data=rows.data,
        texts=len(rows.texts),
        metric=official,
        metrics={name: _metric(name, answers, rows, groups) for name in _metrics_for(rows.head)},
        recalls={label: round(value, DIGITS) for label, value in zip(LABELS[rows.head], per_label, strict=True)},
        calibration_error=_calibration(answers, right, groups),
        accuracy_by_confidence=[(level, round(a, DIGITS), round(b, DIGITS)) for level, a, b in found or ()],
        fp32=None if other is None else round(other, DIGITS),
        fp32_same_label=None
        if reference is None
        else round(float(np.mean(reference.predicted == answers.predicted)), DIGITS),
        slices=tuple(_slices(rows, answers, groups)) if slices else (),
        compared=tuple(_compared(name, them, answers, rows, groups) for name, them in (others or {}).items()),
        calibration_chance=None if answers.confidence is None else calibration_chance(answers.confidence, right),
    )


def seed_figures(seed: int, rows: Rows, answers: Answers) -> SeedFigures:
    """What another training run, of this seed, scores on the same rows."""
    classes = len(LABELS[rows.head])
    metrics = {name: METRICS[name](answers.predicted, rows.labels, classes, None) for name in _metrics_for(rows.head)}
    if answers.confidence is not None:
        right = (answers.predicted == rows.labels).astype(np.float64)
        metrics["calibration error"] = confidence_error(answers.confidence, right)
    return SeedFigures(seed, {name: round(value, DIGITS) for name, value in metrics.items()})


def _metrics_for(head: str) -> Sequence[str]:
    return tuple(METRICS) if head == "irony" else tuple(name for name in METRICS if name != "F1 of yes")


def _rounded(value: float, bounds: tuple[float, float]) -> Interval:
    return Interval(round(value, DIGITS), round(bounds[0], DIGITS), round(bounds[1], DIGITS))


def _metric(name: str, answers: Answers, rows: Rows, groups: Ints) -> Interval:
    metric = partial(METRICS[name], answers.predicted, rows.labels, len(LABELS[rows.head]))
    return _rounded(metric(None), interval(metric, groups))


def _calibration(answers: Answers, right: Floats, groups: Ints) -> Interval | None:
    if answers.confidence is None:
        return None
    confidence = answers.confidence
    value = confidence_error(confidence, right)
    return _rounded(value, interval(lambda weights: confidence_error(confidence, right, weights=weights), groups))


def _compared(name: str, them: Answers, answers: Answers, rows: Rows, groups: Ints) -> Compared:
    official, classes = METRICS[OFFICIAL.get(rows.head, "macro-F1")], len(LABELS[rows.head])

    def ahead(weights: Floats | None) -> float:
        ours = official(answers.predicted, rows.labels, classes, weights)
        return ours - official(them.predicted, rows.labels, classes, weights)

    metric = partial(official, them.predicted, rows.labels, classes)
    return Compared(
        name, _rounded(metric(None), interval(metric, groups)), _rounded(ahead(None), interval(ahead, groups))
    )


def _slices(rows: Rows, answers: Answers, groups: Ints) -> list[Slice]:
    out = []
    for by, name, chosen in slices_of(rows.texts):
        if len(chosen) < SMALLEST_SLICE:
            continue
        part = rows.only(chosen)
        predicted = answers.predicted[chosen]
        metric = partial(METRICS["accuracy"], predicted, part.labels, len(LABELS[rows.head]))
        no = part.labels == 0
        alarms = round(float(np.mean(predicted[no] == 1)), DIGITS) if rows.head in SIGNALS and no.any() else None
        out.append(Slice(by, name, len(chosen), _rounded(metric(None), interval(metric, groups[chosen])), alarms))
    return out
