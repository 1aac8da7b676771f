"""Ranges of the inputs of each matrix of a trained encoder, on training texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.export.quantization import Seen
from models.network import MultiHead

TEXTS = 512
"""Texts that are enough: with twice as many, the ranges and the answers hardly move."""

_TOKENS_EACH = 5
"""Tokens kept of each text."""


class _Watch:
    """The inputs of one layer, collected as they come."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        self._least: list[Any] = []
        self._largest: list[Any] = []
        self._some: list[Any] = []

    def __call__(self, layer: Any, given: tuple[Tensor, ...]) -> None:
        values = given[0].detach().float().reshape(-1, given[0].shape[-1]).numpy()
        self._least.append(values.min(axis=0))
        self._largest.append(values.max(axis=0))
        self._some.append(values[self._draw.permutation(len(values))[:_TOKENS_EACH]].copy())

    def seen(self) -> Seen:
        return Seen(np.min(self._least, axis=0), np.max(self._largest, axis=0), np.concatenate(self._some))


@torch.no_grad()
def layer_inputs(model: MultiHead, texts: Sequence[Sequence[int]], seed: int = 1) -> dict[str, Seen]:
    """By the artefact's name of each matrix of the encoder, what it is fed with when the model, on the CPU, reads some
    texts, given as token ids.  `TEXTS` of them are read, drawn by the seed."""
    chosen = np.random.default_rng(seed).permutation(len(texts))[:TEXTS]
    watches: dict[str, _Watch] = {}
    hooks = []
    encoder: Any = model.encoder
    for number, layer in enumerate(encoder.encoder.layer):
        parts: dict[str, Any] = {
            "attention": layer.attention.self.query,
            "attended": layer.attention.output.dense,
            "wide": layer.intermediate.dense,
            "narrow": layer.output.dense,
        }
        for name, part in parts.items():
            watch = watches[f"layer.{number}.{name}"] = _Watch(seed)
            hooks.append(part.register_forward_pre_hook(watch))
    was_training, forward = model.training, _reader(model.eval())
    try:
        for index in chosen:
            forward(texts[index])
    finally:
        for hook in hooks:
            hook.remove()
        model.train(was_training)
    return {name: watch.seen() for name, watch in watches.items()}


def _reader(model: MultiHead) -> Callable[[Sequence[int]], Tensor]:
    def read(ids: Sequence[int]) -> Tensor:
        row = torch.tensor([list(ids)])
        return model.states(row, torch.ones_like(row))

    return read
