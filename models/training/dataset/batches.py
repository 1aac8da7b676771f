"""Tokenized examples in batches of similar length.

Padding is wasted work: examples are shuffled, cut into buckets of some fifty batches, sorted by length within a bucket
and cut into batches, whose order is shuffled again.  Every batch mixes whatever the examples teach.  The order is a
function of seed and epoch alone, so that an interrupted run goes on with the batches it has not seen.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from models.runtime.batching import places_of
from models.text import normalise_spans
from models.training.dataset.readers import UNKNOWN, Example

BUCKET = 50
"""Batches sorted by length together."""

TeacherAnswers = Mapping[str, NDArray[np.float16]]
"""A teacher's probabilities: of each head for every example, (examples, labels), and `target` for every target."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Examples as the network reads them.  `labels` has a row an example for every head of the post; `targets` are
    (places of the name's tokens, label), and `first` says which of all targets is an example's first one."""

    ids: list[list[int]]
    labels: dict[str, NDArray[np.int64]]
    targets: list[list[tuple[list[int], int]]]
    first: list[int]


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """`ids` and `mask` are (texts, tokens); `labels` of a head (texts,); `spans` (targets, tokens), `texts` and
    `toward` (targets,): which text, which label.  `rows` and `asked` say where its examples and targets are among
    all."""

    ids: Tensor
    mask: Tensor
    labels: dict[str, Tensor]
    spans: Tensor
    texts: Tensor
    toward: Tensor
    rows: NDArray[np.int64]
    asked: NDArray[np.int64]


def tokens(examples: Sequence[Example], tokenizer: Tokenizer, heads: Sequence[str]) -> Tokens:
    """The token ids of texts, cleaned as every runtime cleans them, and where the names in them are."""
    ids: list[list[int]] = []
    targets: list[list[tuple[list[int], int]]] = []
    first, count = [], 0
    for start in range(0, len(examples), 1_000):
        chunk = examples[start : start + 1_000]
        cleaned = [normalise_spans(e.text, [span for target, _ in e.targets for span in target]) for e in chunk]
        encoded = tokenizer.encode_batch([text for text, _ in cleaned])
        for example, (_, spans), encoding in zip(chunk, cleaned, encoded, strict=True):
            left = iter(spans)
            found = []
            for target, label in example.targets:
                named = [span for _ in target if (span := next(left)) is not None]
                places = places_of(named, encoding.offsets)
                if places:
                    found.append((places, label))
            ids.append(list(encoding.ids))
            targets.append(found)
            first.append(count)
            count += len(found)
    labels = {head: np.array([e.labels.get(head, UNKNOWN) for e in examples], np.int64) for head in heads}
    return Tokens(ids, labels, targets, first)


def plan(data: Tokens, times: Sequence[int], size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch, as indices of examples.  Deterministic in (lengths, times, size, seed, epoch)."""
    shuffler = random.Random(f"{seed}/{epoch}")
    order = [index for index, count in enumerate(times) for _ in range(count)]
    shuffler.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), size * BUCKET):
        bucket = sorted(order[start : start + size * BUCKET], key=lambda index: len(data.ids[index]))
        batches += [bucket[at : at + size] for at in range(0, len(bucket), size)]
    shuffler.shuffle(batches)
    return batches


def gather(data: Tokens, indices: Sequence[int]) -> TrainingBatch:
    """A batch of tensors, padded to its longest text, rounded up to eight."""
    longest = -(-max(len(data.ids[index]) for index in indices) // 8) * 8  # few shapes: kernels are compiled for each
    ids = torch.zeros(len(indices), longest, dtype=torch.long)
    mask = torch.zeros(len(indices), longest, dtype=torch.long)
    asked, texts, toward, places = [], [], [], []
    for row, index in enumerate(indices):
        length = len(data.ids[index])
        ids[row, :length] = torch.tensor(data.ids[index])
        mask[row, :length] = 1
        for number, (found, label) in enumerate(data.targets[index]):
            asked.append(data.first[index] + number)
            texts.append(row)
            toward.append(label)
            places.append(found)
    spans = torch.zeros(len(places), longest, dtype=torch.long)
    for row, found in enumerate(places):
        spans[row, found] = 1
    chosen = np.asarray(indices, np.int64)
    return TrainingBatch(
        ids,
        mask,
        {head: torch.from_numpy(labels[chosen]) for head, labels in data.labels.items()},
        spans,
        torch.tensor(texts, dtype=torch.long),
        torch.tensor(toward, dtype=torch.long),
        chosen,
        np.asarray(asked, np.int64),
    )
