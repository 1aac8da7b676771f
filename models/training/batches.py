"""Tokens of the examples, in batches of like length.

Padding is wasted work: examples are shuffled, cut into buckets of some fifty batches, sorted by length within a bucket
and cut into batches, whose order is shuffled again.  The order is a function of seed and epoch alone, so that an
interrupted run goes on with the batches it has not seen.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from models.text import normalise
from models.training.data import Example

BUCKET = 50
"""Batches sorted by length together."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of the examples of one head, and their labels."""

    ids: list[list[int]]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` and `mask` are (texts, tokens), `labels` (texts,); all int64."""

    head: str
    ids: Tensor
    mask: Tensor
    labels: Tensor


def training_tokenizer(folder: Path, max_tokens: int) -> Tokenizer:
    """The tokenizer of a base: cuts at `max_tokens`, does not pad."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def tokens(examples: Sequence[Example], tokenizer: Tokenizer) -> Tokens:
    """The token ids of texts, cleaned as every runtime cleans them."""
    encoded = tokenizer.encode_batch([normalise(example.text) for example in examples])
    return Tokens([list(encoding.ids) for encoding in encoded], [example.label for example in examples])


def plan(sets: dict[str, Tokens], size: int, seed: int, epoch: int) -> list[tuple[str, list[int]]]:
    """The batches of an epoch, as (head, indices of examples); the heads' batches are mixed in proportion to their
    data.  Deterministic in (sets' sizes and lengths, size, seed, epoch)."""
    shuffler = random.Random(f"{seed}/{epoch}")
    batches: list[tuple[str, list[int]]] = []
    for head, data in sorted(sets.items()):
        order = list(range(len(data.ids)))
        shuffler.shuffle(order)
        for start in range(0, len(order), size * BUCKET):
            bucket = sorted(order[start : start + size * BUCKET], key=lambda index: len(data.ids[index]))
            batches += [(head, bucket[at : at + size]) for at in range(0, len(bucket), size)]
    shuffler.shuffle(batches)
    return batches


def gather(head: str, data: Tokens, indices: Sequence[int]) -> Batch:
    """A batch of tensors, padded to its longest text, rounded up to eight."""
    longest = -(-max(len(data.ids[index]) for index in indices) // 8) * 8  # few shapes: kernels are compiled for each
    ids = torch.zeros(len(indices), longest, dtype=torch.long)
    mask = torch.zeros(len(indices), longest, dtype=torch.long)
    for row, index in enumerate(indices):
        length = len(data.ids[index])
        ids[row, :length] = torch.tensor(data.ids[index])
        mask[row, :length] = 1
    return Batch(head, ids, mask, torch.tensor([data.labels[index] for index in indices]))
