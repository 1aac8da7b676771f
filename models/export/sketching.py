"""Projection from embedding to sketch, fitted by principal components.

Few numbers that tell complaints apart by what they are about.

Principal components (Pearson, 1901; Hotelling, 1933) of the embeddings of texts that complain.  What all of these have
in common is taken off first, and their strongest directions are left out: they hold how people feel and write, not what
about (all-but-the-top: Mu and Viswanath, 2018).  The others are evened out by the root of their spread.
"""

from __future__ import annotations

import random

import torch
from tokenizers import Tokenizer
from torch import Tensor

from models.network import SKETCH, MultiHead, mean
from models.training.dataset.batches import Tokens, gather, tokens
from models.training.dataset.loading import Pool

LEFT_OUT = 4
"""Strongest directions that are not kept."""

TEXTS = 6_000


def fit_sketch(model: MultiHead, tokenizer: Tokenizer, pool: Pool) -> dict[str, Tensor]:
    """Weight and bias of `MultiHead.sketch`; the same for the same texts."""
    angry = [e for e in pool.train if e.labels.get("complaint") == 1 or e.labels.get("sentiment") == 0]
    chosen = random.Random(1).sample(angry, min(TEXTS, len(angry)))
    found = embeddings(model, tokens(chosen, tokenizer, [])).double()
    middle = found.mean(0)
    _, spread, axes = torch.linalg.svd(found - middle, full_matrices=False)
    first = min(LEFT_OUT, max(0, len(axes) - SKETCH))
    components, spread = axes[first : first + SKETCH], spread[first : first + SKETCH]
    components = (
        components * components.gather(1, components.abs().argmax(1, keepdim=True)).sign()
    )  # either sign would do: always the same one
    weight = torch.zeros(SKETCH, found.shape[1], dtype=torch.float64)
    weight[: len(components)] = components / (spread / len(found) ** 0.5).clamp(min=1e-6).sqrt().unsqueeze(1)
    return {"sketch.weight": weight.float(), "sketch.bias": -(weight @ middle).float()}


@torch.no_grad()
def embeddings(model: MultiHead, data: Tokens, size: int = 64) -> Tensor:
    """The embeddings of texts in their order, (texts, hidden) float32."""
    model.eval()
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    out = torch.zeros(len(order), model.encoder.config.hidden_size)
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        batch = gather(data, chosen)
        out[chosen] = model.embed(mean(model.states(batch.ids, batch.mask), batch.mask)).float()
    return out
