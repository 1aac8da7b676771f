"""Figures that an artefact is shipped with, measured through its own runtime.

On texts that the training run held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import structlog
import torch
from tokenizers import Tokenizer

from models.evaluation.cross_fitting import answers_apart
from models.evaluation.evaluate import figures
from models.evaluation.rows import Answers, NoSuchHead, Rows
from models.evaluation.suite import tasks
from models.figures import Figures
from models.manifest import Head
from models.network import MultiHead
from models.postprocessing import probabilities
from models.runtime.onnx_cpu import OnnxScorer
from models.training.config import TrainConfig
from models.training.dataset.batches import tokens
from models.training.dataset.loading import Pool
from models.training.dataset.readers import Example
from models.training.distillation import logits

log = structlog.get_logger()


def measure(
    model: MultiHead, tokenizer: Tokenizer, config: TrainConfig, pool: Pool, heads: Mapping[str, Head], folder: Path
) -> list[Figures]:
    """The figures of the artefact in a folder on every set of the run that was kept aside; `model` is the same before
    quantisation."""
    scorer = OnnxScorer(folder, threads=config.threads)
    out = []
    for task in tasks(pool, list(heads)):
        rows = task.report
        try:
            answers = answers_apart(scorer, rows)
        except NoSuchHead as error:  # mentions carry all signals or none
            log.warning("no figures", head=rows.head, reason=error.what)
            continue
        reference = _unquantised(model, tokenizer, rows, heads[rows.head])
        out.append(figures(rows, answers, reference=reference, slices=True))
    return out


def _unquantised(model: MultiHead, tokenizer: Tokenizer, rows: Rows, head: Head) -> Answers | None:
    """None where a name lies beyond what is read of a text."""
    targets = rows.targets or ((),) * len(rows.texts)
    examples = [
        Example(text, targets=[(target, 0)] if target else []) for text, target in zip(rows.texts, targets, strict=True)
    ]
    found = logits(model, tokens(examples, tokenizer, list(model.heads)), torch.device("cpu"), "fp32")
    likely = np.array([probabilities(row, head) for row in found[rows.head].tolist()])
    return Answers(likely.argmax(1), likely.max(1)) if len(likely) == len(rows.labels) else None
