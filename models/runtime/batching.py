"""Batched inference, the same for every runtime: clean-up, answer cache, micro-batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.manifest import Head
from models.postprocessing import Outputs, scores
from models.runtime.answer_cache import Clean, RecentAnswers
from models.scorer import Reading, Scores, Span
from models.text import normalise, normalise_spans
from pipeline.errors import TerminalError

Ids = NDArray[np.int64]
Network = Callable[[Ids, Ids, Ids, Ids], Outputs]
"""(ids, mask), each (texts, tokens); spans, (targets, tokens), and texts, (targets,): the tokens of a name, and which
text it is in.  There may be no targets."""

TOGETHER = 256
"""Tokens in a micro-batch: what the layers pass on then stays in a core's cache.  At 33 tokens a text and one thread
this was 347 texts a second, where batches of 256 texts gave 169 and single texts 329."""

SPREAD = 1.1
"""Longest text over shortest in a micro-batch."""

RECENT = 16_384
"""Answers kept for exact repeats: some 85 MB with their embeddings."""

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


class _Text(NamedTuple):
    """What the network reads of a reading: its tokens, and the places of each target's tokens (none: not named)."""

    ids: list[int]
    places: list[list[int]]


def read(
    readings: Sequence[str | Reading],
    tokenizer: Tokenizer,
    network: Network,
    heads: Mapping[str, Head],
    recent: RecentAnswers,
    batch: int,
) -> list[Scores]:
    """One answer a reading, in order.

    Readings that are equal after clean-up are read once.  The others go through the network in micro-batches of at
    most `batch` texts of like length, so that little padding is computed.
    """
    out: list[Scores] = []
    for start in range(0, len(readings), CHUNK):
        cleaned = [clean(reading) for reading in readings[start : start + CHUNK]]
        answers = {key: recent.get(key) for key in dict.fromkeys(cleaned)}
        new = [key for key, answer in answers.items() if answer is None]
        for key, found in zip(new, _read_new(new, tokenizer, network, heads, batch), strict=True):
            answers[key] = found
            recent.put(key, found)
        out += [answer for key in cleaned if (answer := answers[key]) is not None]
    return out


def clean(reading: str | Reading) -> Clean:
    """The text as the network reads it, and where in it the targets are named."""
    if isinstance(reading, str):
        return Clean(normalise(reading), ())
    if not reading.targets:
        return Clean(normalise(reading.text), ())
    flat = [span for target in reading.targets for span in target]
    text, spans = normalise_spans(reading.text, flat)
    left = iter(spans)
    return Clean(
        text, tuple(tuple(span for _ in target if (span := next(left)) is not None) for target in reading.targets)
    )


def _read_new(
    wanted: Sequence[Clean], tokenizer: Tokenizer, network: Network, heads: Mapping[str, Head], batch: int
) -> list[Scores]:
    encode = tokenizer.encode_batch if any(key.targets for key in wanted) else tokenizer.encode_batch_fast
    texts = []
    for key, encoding in zip(wanted, encode([key.text for key in wanted]), strict=True):
        offsets = encoding.offsets if key.targets else ()
        texts.append(_Text(encoding.ids, [places_of(target, offsets) for target in key.targets]))
    out: dict[int, Scores] = {}
    for chosen in micro_batches([len(text.ids) for text in texts], batch):
        ids, mask = pad([texts[index].ids for index in chosen])
        named = [(row, places) for row, index in enumerate(chosen) for places in texts[index].places if places]
        spans = np.zeros((len(named), ids.shape[1]), np.int64)
        for number, (_, places) in enumerate(named):
            spans[number, places] = 1
        left = iter(range(len(named)))
        asked = [[next(left) if places else None for places in texts[index].places] for index in chosen]
        outputs = network(ids, mask, spans, np.array([row for row, _ in named], np.int64))
        out.update(zip(chosen, scores(outputs, heads, asked), strict=True))
    return [out[index] for index in range(len(texts))]


def places_of(spans: Sequence[Span], offsets: Sequence[Span]) -> list[int]:
    """The tokens that lie in one of the spans, by their places; special tokens are empty and lie nowhere."""
    out = []
    for position, (start, end) in enumerate(offsets):
        for first, last in spans:
            if start < last and end > first and start < end:
                out.append(position)
                break
    return out


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
    if len(rows) == 1:
        ids = np.array(rows, np.int64)
        return ids, np.ones_like(ids)
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for row, values in enumerate(rows):
        ids[row, : len(values)] = values
        mask[row, : len(values)] = 1
    return ids, mask
