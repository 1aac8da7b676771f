"""Neural network: an encoder, heads for the post, a head for targets, an embedding.

A text goes through the encoder once.  Heads that judge the post are linear layers on the mean of its token states.  The
head for targets asks, for each name in the text, the tokens of the text what they say about it: attention from the mean
of the name's states over all states, then a small layer on (name, what was found, post).  The embedding is a linear map
of the mean, kept where the base's embedding was; the sketch is what 64 numbers keep of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

ATTENTION = 4
"""Attention heads of the target head."""

WIDTH = 32
"""Width of each of them."""

TARGET_PARTS = ("query", "key", "value", "mix", "out")
"""Layers of the target head, by their names."""

SKETCH = 64
"""Numbers that a mention keeps of an embedding."""


class TargetHead(nn.Module):
    """Sentiment toward names.  `states` is (texts, tokens, hidden), `post` (texts, hidden); a row of `spans`,
    (targets, tokens), has ones on the tokens of a name in the text that `texts`, (targets,), says."""

    def __init__(self, hidden: int, labels: int) -> None:
        super().__init__()
        inner = ATTENTION * WIDTH
        self.query = nn.Linear(hidden, inner)
        self.key = nn.Linear(hidden, inner)
        self.value = nn.Linear(hidden, inner)
        self.mix = nn.Linear(2 * hidden + inner, hidden)
        self.out = nn.Linear(hidden, labels)
        self.dropout = nn.Dropout(0.1)

    def forward(self, states: Tensor, mask: Tensor, post: Tensor, spans: Tensor, texts: Tensor) -> Tensor:
        """Logits, (targets, labels)."""
        own = states[texts]
        named = mean(own, spans)
        parts = (len(spans), -1, ATTENTION, WIDTH)
        query = self.query(named).view(len(spans), 1, ATTENTION, WIDTH).transpose(1, 2)
        key, value = (layer(own).view(parts).transpose(1, 2) for layer in (self.key, self.value))
        scores = (query @ key.transpose(2, 3)).float() * WIDTH**-0.5
        scores = scores.masked_fill(mask[texts][:, None, None, :] == 0, -1e9)
        found = (scores.softmax(-1).to(value.dtype) @ value).reshape(len(spans), ATTENTION * WIDTH)
        joined = torch.cat([named, found, post[texts]], dim=-1)
        return cast(Tensor, self.out(self.dropout(functional.gelu(self.mix(joined)))))


class MultiHead(nn.Module):
    """Encoder and heads.  `ids` and `mask` are (texts, tokens) int64; the mask is 1 for tokens, 0 for padding."""

    def __init__(
        self, encoder: PreTrainedModel, heads: Mapping[str, int], targets: int = 0, dropout: float = 0.1
    ) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.encoder = encoder
        self.heads = nn.ModuleDict({name: nn.Linear(hidden, size) for name, size in heads.items()})
        self.target = TargetHead(hidden, targets) if targets else None
        self.embedding = nn.Linear(hidden, hidden)
        nn.init.eye_(self.embedding.weight)
        nn.init.zeros_(self.embedding.bias)
        self.sketch = nn.Linear(hidden, SKETCH).requires_grad_(False)  # not learnt: see `models.export.sketching`
        self.dropout = nn.Dropout(dropout)

    def freeze(self, layers: int) -> None:
        """No longer learn the first `layers` of the encoder and what comes before them; 0 leaves all as they are.
        Nothing is dropped there any more: drawing what to drop takes longer than what it is for."""
        encoder: Any = self.encoder
        for part in (encoder.embeddings, *encoder.encoder.layer[:layers]) if layers else ():
            part.requires_grad_(False)
            for module in part.modules():
                if isinstance(module, nn.Dropout):
                    module.p = 0.0

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of the tokens, (texts, tokens, hidden)."""
        return cast(Tensor, self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state)

    def embed(self, post: Tensor) -> Tensor:
        """The embedding for the mean of the token states, of length one; (texts, hidden)."""
        return functional.normalize(self.embedding(post).float(), dim=-1)

    def judge(self, post: Tensor) -> dict[str, Tensor]:
        """Logits of every head for the mean of the token states, each (texts, labels)."""
        dropped = self.dropout(post)
        return {name: head(dropped) for name, head in self.heads.items()}

    def toward(self, states: Tensor, mask: Tensor, post: Tensor, spans: Tensor, texts: Tensor) -> Tensor:
        """Logits of the target head, (targets, labels)."""
        assert self.target is not None
        return cast(Tensor, self.target(states, mask, post, spans, texts))


def mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of the states that the mask marks, (rows, hidden)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1.0)
