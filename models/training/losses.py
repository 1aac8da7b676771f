"""Loss of a batch: labels, a teacher's probabilities, the base's embedding."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.network import MultiHead
from models.training.config import TARGET, HeadConfig, TrainConfig
from models.training.dataset.batches import TeacherAnswers, TrainingBatch
from models.training.dataset.readers import UNKNOWN
from models.training.distillation import answers_to
from models.training.precision import autocast


def loss_of(
    model: MultiHead,
    batch: TrainingBatch,
    config: TrainConfig,
    device: torch.device,
    precision: str,
    taught: TeacherAnswers | None,
) -> tuple[Tensor, Tensor]:
    """The loss of a batch, summed over its heads and divided by its texts; and the embeddings of its texts."""
    found, post = answers_to(model, batch, device, precision)
    with autocast(precision, device):
        embedding = model.embed(post)
    labels = {**batch.labels, TARGET: batch.toward}
    total = torch.zeros((), device=device)
    for name, logits in found.items():
        rows = batch.asked if name == TARGET else batch.rows
        answer = None if taught is None else torch.from_numpy(taught[name][rows]).float().to(device)
        share, alone = (config.teacher.weight, config.teacher.unlabelled) if config.teacher else (0.0, 0.0)
        head = config.learnt[name]
        total = total + head.weight * _head_loss(logits.float(), labels[name].to(device), answer, head, share, alone)
    return total / len(batch.ids), embedding


def _head_loss(
    logits: Tensor, labels: Tensor, answer: Tensor | None, head: HeadConfig, share: float, alone: float
) -> Tensor:
    """Summed over the texts that have a label, or an answer of the teacher (not NaN)."""
    hard = functional.cross_entropy(
        logits, labels, ignore_index=UNKNOWN, label_smoothing=head.smoothing, reduction="none"
    )
    if answer is None:
        return hard.sum()
    answered = ~answer[:, 0].isnan()
    soft = -(answer.nan_to_num() * functional.log_softmax(logits, dim=-1)).sum(-1)
    known = labels != UNKNOWN
    return torch.where(known, torch.where(answered, (1.0 - share) * hard + share * soft, hard), alone * soft).sum()


def distance(embedding: Tensor, before: Tensor) -> Tensor:
    """Mean cosine distance of the embeddings from those of the base; both are of length one."""
    return (1.0 - (embedding * before).sum(-1)).mean()
