"""What every runtime does around its network: clean the texts, reuse recent answers, read the others by length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.runtime.recent import RecentAnswers
from models.scorer import Scores
from models.text import normalise
from pipeline.errors import TerminalError

Ids = NDArray[np.int64]
Network = Callable[[Ids, Ids], list[Scores]]
"""(ids, mask), each (texts, tokens), to one answer a text."""

TOGETHER = 256
"""Tokens in a micro-batch: what the layers pass on then stays in a core's cache.  At 33 tokens a text and one thread
this was 347 texts a second, where batches of 256 texts gave 169 and single texts 329."""

SPREAD = 1.1
"""Longest text over shortest in a micro-batch."""

CHUNK = 2_048
"""Texts that are tokenized together: bounds memory, whatever the number of texts."""


def read_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    """The tokenizer in a file; cuts at `max_tokens`, does not pad.

    Raises `TerminalError` when the file is not a tokenizer.
    """
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        raise TerminalError(
            f"is not a tokenizer: {error}", subject=str(path), todo="Install the artefact anew"
        ) from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def read(
    texts: Sequence[str], tokenizer: Tokenizer, network: Network, recent: RecentAnswers, batch: int
) -> list[Scores]:
    """One answer a text, in order.

    Texts that are equal after clean-up are read once.  The others go through the network in micro-batches of at
    most `batch` texts of like length, so that little padding is computed.
    """
    out: list[Scores] = []
    for start in range(0, len(texts), CHUNK):
        cleaned = [normalise(text) for text in texts[start : start + CHUNK]]
        answers = {text: recent.get(text) for text in dict.fromkeys(cleaned)}
        new = [text for text, answer in answers.items() if answer is None]
        for text, found in zip(new, _read_new(new, tokenizer, network, batch), strict=True):
            answers[text] = found
            recent.put(text, found)
        out += [answer for text in cleaned if (answer := answers[text]) is not None]
    return out


def _read_new(texts: list[str], tokenizer: Tokenizer, network: Network, batch: int) -> list[Scores]:
    encoded = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)] if texts else []
    out: dict[int, Scores] = {}
    for chosen in micro_batches([len(row) for row in encoded], batch):
        ids, mask = pad([encoded[index] for index in chosen])
        out.update(zip(chosen, network(ids, mask), strict=True))
    return [out[index] for index in range(len(texts))]


def micro_batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Indices by length, in groups of at most `most` texts, about `TOGETHER` tokens and a tenth of padding."""
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[index]
        full = len(group) >= most or (len(group) + 1) * length > TOGETHER
        if group and (full or length > SPREAD * lengths[group[0]]):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def pad(rows: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    """Ids and mask, filled up with zeros to the longest row."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for row, values in enumerate(rows):
        ids[row, : len(values)] = values
        mask[row, : len(values)] = 1
    return ids, mask
