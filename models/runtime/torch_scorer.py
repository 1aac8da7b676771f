"""Scorer over a torch network, on a GPU or a CPU."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import torch
from tokenizers import Tokenizer
from torch import Tensor

from models import postprocessing
from models.manifest import Head
from models.runtime.answer_cache import RecentAnswers
from models.runtime.batching import Ids, read
from models.scorer import Reading, Scores
from pipeline.contracts.mentions import ModelRef

TensorNetwork = Callable[[Tensor, Tensor, Tensor, Tensor], dict[str, Tensor]]


class TorchScorer:
    """Reads texts with a torch network; keeps to `models.scorer.Scorer`.

    `network` takes ids, mask, spans and texts as `models.runtime.batching.Network` does, as tensors.
    """

    def __init__(
        self,
        ref: ModelRef,
        tokenizer: Tokenizer,
        network: TensorNetwork,
        heads: Mapping[str, Head],
        device: torch.device,
        *,
        batch: int,
        recent: int,
    ) -> None:
        self.ref = ref
        self._tokenizer = tokenizer
        self._network = network
        self.heads = heads
        self._device = device
        self._batch = batch
        self._recent = RecentAnswers(recent)

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        """One answer a reading, in order."""
        return read(readings, self._tokenizer, self.outputs, self.heads, self._recent, self._batch)

    def with_heads(self, heads: Mapping[str, Head]) -> Self:
        """The same network, read by other heads; it remembers no answers."""
        other = copy.copy(self)
        other.heads, other._recent = heads, RecentAnswers(0)
        return other

    @torch.inference_mode()
    def outputs(self, ids: Ids, mask: Ids, spans: Ids, texts: Ids) -> postprocessing.Outputs:
        """What the network gives for token ids; a `models.runtime.batching.Network`."""
        found = self._network(*(torch.from_numpy(value).to(self._device) for value in (ids, mask, spans, texts)))
        return {name: value.float().cpu().numpy() for name, value in found.items()}
