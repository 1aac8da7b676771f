"""The projection that makes a sketch of an embedding: few numbers that tell texts apart as the many do.

Principal components (Pearson, 1901; Hotelling, 1933) of the embeddings of texts that were not learnt from.  What all
texts have in common is taken off first: it would make everything look alike.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.training.batches import Tokens, gather
from models.training.network import SKETCH, MultiHead, mean
from models.training.precision import autocast


def fit_sketch(model: MultiHead, data: Tokens, device: torch.device, precision: str) -> dict[str, Tensor]:
    """Weight and bias of `MultiHead.sketch` for the embeddings of some texts; the same for the same texts."""
    found = embeddings(model, data, device, precision).double()
    middle = found.mean(0)
    _, _, axes = torch.linalg.svd(found - middle, full_matrices=False)
    kept = axes[:SKETCH]
    kept = kept * kept.gather(1, kept.abs().argmax(1, keepdim=True)).sign()  # either sign would do: always the same one
    weight = torch.zeros(SKETCH, found.shape[1], dtype=torch.float64)
    weight[: len(kept)] = kept
    return {"sketch.weight": weight.float(), "sketch.bias": -(weight @ middle).float()}


@torch.no_grad()
def embeddings(model: MultiHead, data: Tokens, device: torch.device, precision: str, size: int = 64) -> Tensor:
    """The embeddings of texts in their order, (texts, hidden) float32 on the CPU."""
    model.eval()
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    out = torch.zeros(len(order), model.encoder.config.hidden_size)
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        batch = gather(data, chosen)
        ids, mask = batch.ids.to(device), batch.mask.to(device)
        with autocast(precision, device):
            out[chosen] = model.embed(mean(model.states(ids, mask), mask)).float().cpu()
    return out
