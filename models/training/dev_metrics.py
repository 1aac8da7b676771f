"""Macro-recall of each head on the dev part."""

from __future__ import annotations

import numpy as np
import torch

from models.metrics import macro_recall
from models.network import MultiHead
from models.training.config import TARGET, TrainConfig
from models.training.dataset.batches import Tokens
from models.training.dataset.readers import UNKNOWN
from models.training.distillation import probabilities


def dev_figures(
    model: MultiHead, data: Tokens, config: TrainConfig, device: torch.device, precision: str
) -> dict[str, float]:
    """Macro-recall (0–1) of each head on the examples that have its label."""
    found = probabilities(model, data, device, precision)
    figures = {}
    for name, head in config.learnt.items():
        labels = labels_of(data, name)
        known = labels != UNKNOWN
        if known.any():
            figures[name] = macro_recall(found[name][known].argmax(1), labels[known], len(head.labels))
    return figures


def labels_of(data: Tokens, head: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The labels of a head, one an example; of the target head, one a target."""
    if head == TARGET:
        return np.array([label for found in data.targets for _, label in found], np.int64)
    return data.labels[head]
