"""The figures that an artefact is shipped with: its own answers, through its own runtime, to texts kept aside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from models.answers import probabilities
from models.evaluation.evaluate import figures
from models.evaluation.figures import Figures
from models.evaluation.rows import Answers, Rows, answers_of
from models.manifest import Head
from models.runtime.onnx_cpu import OnnxScorer
from models.training.batches import tokens
from models.training.config import TARGET, TrainConfig
from models.training.data import Pool
from models.training.network import MultiHead
from models.training.readers import Example
from models.training.teaching import logits


def rows_of(examples: list[Example], head: str, data: str) -> Rows:
    """The rows of a head among the examples of a set."""
    if head == TARGET:
        asked = [(e.text, target, label) for e in examples for target, label in e.targets]
        labels = np.array([label for _, _, label in asked], np.int64)
        return Rows(data, head, tuple(text for text, _, _ in asked), labels, tuple(target for _, target, _ in asked))
    known = [example for example in examples if head in example.labels]
    return Rows(data, head, tuple(e.text for e in known), np.array([e.labels[head] for e in known], np.int64))


def measure(
    model: MultiHead, tokenizer: Tokenizer, config: TrainConfig, pool: Pool, heads: Mapping[str, Head], folder: Path
) -> list[Figures]:
    """The figures of the artefact in a folder on every set of the run that was kept aside; `model` is the same before
    quantisation."""
    scorer = OnnxScorer(folder, threads=config.threads)
    out = []
    for source in config.sources:
        kept = pool.report.get(source.name)
        if kept:
            rows = rows_of(kept, source.head, source.name)
            reference = _unquantised(model, tokenizer, rows, heads[source.head])
            out.append(figures(rows, answers_of(scorer, rows), reference=reference, slices=True))
    return out


def _unquantised(model: MultiHead, tokenizer: Tokenizer, rows: Rows, head: Head) -> Answers | None:
    """None where a name lies beyond what is read of a text."""
    targets = rows.targets or ((),) * len(rows.texts)
    examples = [
        Example(text, targets=[(target, 0)] if target else []) for text, target in zip(rows.texts, targets, strict=True)
    ]
    found = logits(model, tokens(examples, tokenizer, list(model.heads)), torch.device("cpu"), "fp32")
    likely = probabilities(found[rows.head].astype(np.float32), head)
    return Answers(likely.argmax(1), likely.max(1)) if len(likely) == len(rows.labels) else None
