"""Evaluation suite: all heads on held-out parts of the data, with baselines.

The rows are those that `training/dataset/loading.py` keeps for reporting: sets made for that, and a share of the other
sources, chosen by the text alone.  Neither the model nor a baseline was trained on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluation import baselines
from models.evaluation.cross_fitting import answers_apart
from models.evaluation.evaluate import figures
from models.evaluation.rows import LABELS, TARGET, Answers, NoSuchHead, Rows, answers_of
from models.figures import Figures
from models.scorer import Scorer, Target
from models.training.dataset.loading import Pool
from models.training.dataset.readers import Example
from pipeline.errors import TerminalError


@dataclass(frozen=True, slots=True)
class Task:
    """A set to report on, and the rows that a baseline may be trained on: all of the head's training part."""

    report: Rows
    train: Rows


def tasks(pool: Pool, heads: Sequence[str]) -> list[Task]:
    """Every source of the pool that keeps rows for reporting, once a head that it labels; for a head without one, what
    was looked at to stop the training in time, and named so.

    Raises `TerminalError` when there is none.
    """
    train = {head: rows_of(pool.train, head, "training part") for head in heads if head in LABELS}
    out = [
        Task(rows, train[head])
        for name, examples in pool.report.items()
        for head in train
        if len((rows := rows_of(examples, head, name)).texts)
    ]
    for head in train.keys() - {task.report.head for task in out}:
        rows = rows_of(pool.dev, head, "part looked at for stopping in time")
        out += [Task(rows, train[head])] if len(rows.texts) else []
    if not out:
        raise TerminalError("no source keeps rows for reporting", todo="Set `report` of some sources in the file")
    return sorted(out, key=lambda task: list(LABELS).index(task.report.head))


def rows_of(examples: Sequence[Example], head: str, name: str) -> Rows:
    """The rows that examples give for a head: one a text, or one a name in it."""
    found = list(_rows(examples, head))
    texts = tuple(text for text, _, _ in found)
    labels = np.array([label for _, label, _ in found], np.int64)
    return Rows(name, head, texts, labels, tuple(target for _, _, target in found) if head == TARGET else ())


def _rows(examples: Sequence[Example], head: str) -> Iterator[tuple[str, int, Target]]:
    for example in examples:
        if head == TARGET:
            for target, label in example.targets:
                yield example.text, label, target
        elif head in example.labels:
            yield example.text, example.labels[head], ()


def measure(
    scorer: Scorer,
    found: Sequence[Task],
    *,
    reference: Scorer | None = None,
    compare: bool = True,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Figures]:
    """The figures of a scorer on every task, with those of the baselines where `compare` asks for them; `reference` is
    the unquantised model.  `notify` is called with each step before it begins, and with each head that the model
    lacks."""
    linear: dict[str, baselines.Linear] = {}
    out = []
    for task in found:
        rows = task.report
        notify(f"{rows.head}: {rows.data}, {len(rows.texts):,} rows")
        try:
            answers = answers_apart(scorer, rows)
        except NoSuchHead as error:
            notify(f"{rows.head}: left out, {error.what}")
            continue
        unquantised = None if reference is None else answers_of(reference, rows)
        others: dict[str, Answers] = {}
        if compare:
            if (word_list := baselines.vader(rows)) is not None:
                others["VADER"] = word_list
            if rows.head not in linear and len(task.train.texts):
                notify(f"{rows.head}: training the linear baseline on {len(task.train.texts):,} rows")
                linear[rows.head] = baselines.Linear(task.train)
            if rows.head in linear:
                others["TF-IDF + logistic regression"] = linear[rows.head].answers(rows)
        out.append(figures(rows, answers, reference=unquantised, others=others, slices=True))
    return out
