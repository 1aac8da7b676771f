"""Labelled rows of a head, and the answers of a scorer to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.metrics import Floats, Ints, accuracy, f1_of, macro_f1, macro_recall
from models.naming import occurrences
from models.scorer import SIGNALS, Reading, Scorer, Scores, Target
from pipeline.errors import TerminalError

TARGET = "target"
SENTIMENTS = ("negative", "neutral", "positive")
EMOTIONS = ("anger", "joy", "optimism", "sadness")
LABELS: dict[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    TARGET: SENTIMENTS,
    "emotion": EMOTIONS,
    **dict.fromkeys(SIGNALS, ("no", "yes")),
}
"""The labels of every head, in the order of their numbers in files."""

Metric = Callable[[Ints, Ints, int, Floats | None], float]
METRICS: dict[str, Metric] = {
    "macro-recall": macro_recall,
    "macro-F1": macro_f1,
    "accuracy": accuracy,
    "F1 of yes": partial(f1_of, 1),
}
OFFICIAL = {"sentiment": "macro-recall", TARGET: "accuracy", "irony": "F1 of yes"}
"""The metric that the set of a head is usually reported in; macro-F1 for the others."""

_CHUNK = 2_048


class NoSuchHead(TerminalError):
    """The model does not answer what is asked."""

    def __init__(self, head: str) -> None:
        super().__init__("the model has no such head", subject=head, todo="Name another artefact with --model")


@dataclass(frozen=True, slots=True)
class Rows:
    """A set for one head: `labels` are numbers into `LABELS[head]`; `targets` has the name asked about for the head
    for targets, else it is empty.  Rows of one text share a number in `groups`."""

    data: str
    head: str
    texts: tuple[str, ...]
    labels: Ints
    targets: tuple[Target, ...] = ()

    @property
    def groups(self) -> Ints:
        """Rows with equal texts have equal numbers: they are not independent."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(text, len(numbers)) for text in self.texts], np.int64)

    def only(self, chosen: Sequence[int] | Ints) -> Rows:
        """Some of the rows."""
        picked = [int(index) for index in chosen]
        targets = tuple(self.targets[index] for index in picked) if self.targets else ()
        return Rows(self.data, self.head, tuple(self.texts[i] for i in picked), self.labels[picked], targets)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a system says to rows: a label each, and how probable it finds it (None: it does not say)."""

    predicted: Ints
    confidence: Floats | None = None


def read_file(path: Path, head: str) -> Rows:
    """The rows of a tab-separated file with a header that names the columns `text` and `label`, and for the head for
    targets `target`: the words asked about, as they stand in the text.  Labels are numbers or names.

    Raises `TerminalError` naming the line when the file is not as stated, or is empty.
    """
    if head not in LABELS:
        raise TerminalError("is not a head", subject=head, todo=f"Choose one of {', '.join(LABELS)}")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TerminalError(f"cannot be read: {error}", subject=str(path)) from None
    header = lines[0].rstrip("\r").split("\t")
    wanted = ("text", "label", "target") if head == TARGET else ("text", "label")
    if missing := [name for name in wanted if name not in header]:
        raise TerminalError(f"the first line names no column `{'`, `'.join(missing)}`", subject=str(path))
    texts, labels, targets = [], [], []
    for number, line in enumerate(lines[1:], start=2):
        if not (line := line.rstrip("\r")):
            continue
        cells = line.split("\t")
        if len(cells) != len(header):
            raise TerminalError(f"line {number} has {len(cells)} columns instead of {len(header)}", subject=str(path))
        row = dict(zip(header, cells, strict=True))
        texts.append(row["text"])
        labels.append(_label(row["label"].strip(), head, path, number))
        if head == TARGET:
            targets.append(occurrences(row["text"], row["target"]))
    if not texts:
        raise TerminalError("has no rows", subject=str(path))
    return Rows(path.name, head, tuple(texts), np.array(labels, np.int64), tuple(targets))


def _label(value: str, head: str, path: Path, line: int) -> int:
    names = LABELS[head]
    if value.isdecimal() and int(value) < len(names):
        return int(value)
    if value.lower() in names:
        return names.index(value.lower())
    known = ", ".join(f"{index} {name}" for index, name in enumerate(names))
    raise TerminalError(f"line {line}: label {value[:40]!r} is not one of {known}", subject=str(path))


def answers_of(scorer: Scorer, rows: Rows) -> Answers:
    """What a scorer answers; a yes is a probability of at least one half.

    Raises `NoSuchHead`.
    """
    if rows.head == TARGET:
        return _toward(scorer, rows)
    found = [answer for start in range(0, len(rows.texts), _CHUNK) for answer in _post(scorer, rows, start)]
    confidence = [value for _, value in found]
    return Answers(
        np.array([label for label, _ in found], np.int64),
        None if None in confidence else np.array(confidence, np.float64),
    )


def _post(scorer: Scorer, rows: Rows, start: int) -> list[tuple[int, float | None]]:
    return [answer_of(scores, rows.head) for scores in scorer.score(rows.texts[start : start + _CHUNK])]


def answer_of(scores: Scores, head: str) -> tuple[int, float | None]:
    """The label of a head that judges the post, and its probability (None where the model does not tell it)."""
    if head == "sentiment":
        sentiment = scores.sentiment
        return SENTIMENTS.index(sentiment.label), max(sentiment.negative, sentiment.neutral, sentiment.positive)
    if head == "emotion" and scores.emotion is not None:
        return EMOTIONS.index(scores.emotion), scores.emotion_confidence
    if head in SIGNALS and (yes := getattr(scores.signals, head, None)) is not None:
        return int(yes >= 0.5), max(yes, 1.0 - yes)
    raise NoSuchHead(head)


def _toward(scorer: Scorer, rows: Rows) -> Answers:
    """Each text is read once, with all the names in it that are asked about."""
    asked: dict[str, list[int]] = {}
    for index, text in enumerate(rows.texts):
        asked.setdefault(text, []).append(index)
    predicted, confidence = np.zeros(len(rows.texts), np.int64), np.zeros(len(rows.texts))
    texts = list(asked)
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        readings = [Reading(text, tuple(rows.targets[index] for index in asked[text])) for text in chunk]
        for text, scores in zip(chunk, scorer.score(readings), strict=True):
            if len(scores.targets) != len(asked[text]):
                raise NoSuchHead(TARGET)
            for index, sentiment in zip(asked[text], scores.targets, strict=True):
                predicted[index] = SENTIMENTS.index(sentiment.label)
                confidence[index] = max(sentiment.negative, sentiment.neutral, sentiment.positive)
    return Answers(predicted, confidence)
