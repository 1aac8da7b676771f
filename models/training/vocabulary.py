"""Vocabulary of a base, trimmed to the pieces of the texts at hand.

A base for a hundred languages has a quarter of a million pieces, most of them of languages that nobody asks for, and
their table is most of its weights.  What is left, up to `most`: every single character of the alphabets (so that a new
word is spelt, not lost), the pieces of the training texts by how often they have them, the likeliest others of the same
scripts.  A text without a rare piece is cut as before, and so its embedding is as before.  Which pieces are left is a
function of data and configuration; it is written to a file once, since runs that teach each other must agree on it.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.text import normalise
from models.training.config import TrainConfig
from models.training.dataset.loading import read_pool
from pipeline.errors import TerminalError

_WORD_START = "\u2581"
_IDEOGRAPHS = frozenset({"CJK", "HANGUL"})
"""Scripts of thousands of characters: only those that texts have, and likely ones, are left."""

Ids = NDArray[np.int64]


def ensure_vocabulary(config: TrainConfig, tokenizer: Tokenizer, notify: Callable[[str], None]) -> None:
    """Write the file of the pieces that are left, unless the configuration trims nothing or it is there; atomic."""
    trim = config.base.trim
    if trim is None or trim.file.is_file():
        return
    notify(f"trimming the vocabulary to at most {trim.most:,} pieces")
    whole = tuple(source.model_copy(update={"share": 1.0}) for source in config.sources)
    pool = read_pool(config.model_copy(update={"sources": whole, "share": 1.0, "only": ()}))
    pieces = chosen_pieces(tokenizer, (example.text for example in pool.train), trim.most)
    trim.file.parent.mkdir(parents=True, exist_ok=True)
    fresh = trim.file.with_suffix(".new")
    fresh.write_text(json.dumps(pieces.tolist()))
    os.replace(fresh, trim.file)


def read_vocabulary(path: Path) -> Ids:
    """The pieces that are left, by their places in the base's vocabulary, ascending.

    Raises `TerminalError` when there is no such file.
    """
    try:
        found = np.array(json.loads(path.read_bytes()), np.int64)
    except (OSError, ValueError) as error:
        raise TerminalError(
            f"cannot be read: {error}", subject=str(path), todo="`groundswell model train` makes it where it is absent"
        ) from None
    if found.ndim != 1 or (np.diff(found) <= 0).any():
        raise TerminalError("is not a list of rising numbers", subject=str(path), todo="Remove it, and train anew")
    return found


def chosen_pieces(tokenizer: Tokenizer, texts: Iterable[str], most: int) -> Ids:
    """The pieces to leave, ascending: `most`, or fewer where the base has no more of the scripts at hand."""
    model = json.loads(tokenizer.to_str())
    vocabulary: list[tuple[str, float]] = model["model"]["vocab"]
    seen: Counter[int] = Counter()
    for batch in _batches(texts, 2_000):
        for encoding in tokenizer.encode_batch([normalise(text) for text in batch]):
            seen.update(encoding.ids)
    scripts = {script for index in seen for script in _scripts(vocabulary[index][0])}
    allowed = [index for index, (piece, _) in enumerate(vocabulary) if _scripts(piece) <= scripts]
    spelling = (
        index
        for index in allowed
        if len(vocabulary[index][0].lstrip(_WORD_START)) <= 1 and not _scripts(vocabulary[index][0]) & _IDEOGRAPHS
    )
    special = [added["id"] for added in model["added_tokens"]]
    often = (index for index, _ in sorted(seen.items(), key=lambda found: (-found[1], found[0])))
    likely = sorted(allowed, key=lambda index: (-vocabulary[index][1], index))
    ranked = dict.fromkeys([*special, model["model"]["unk_id"], *spelling, *often, *likely])
    return np.array(sorted(islice(ranked, most)), np.int64)


def trimmed(tokenizer: Tokenizer, pieces: Ids) -> Tokenizer:
    """The tokenizer with some of its pieces alone, which are numbered anew in their order."""
    model: dict[str, Any] = json.loads(tokenizer.to_str())
    new = {int(old): number for number, old in enumerate(pieces)}
    try:
        model["model"]["vocab"] = [model["model"]["vocab"][old] for old in new]
        model["model"]["unk_id"] = new[model["model"]["unk_id"]]
        for added in model["added_tokens"]:
            added["id"] = new[added["id"]]
        for special in model["post_processor"]["special_tokens"].values():
            special["ids"] = [new[old] for old in special["ids"]]
    except (KeyError, IndexError, TypeError) as error:
        raise TerminalError(
            f"lacks a piece that the tokenizer cannot do without: {error}",
            subject="base.trim",
            todo="Remove its file, and train anew",
        ) from None
    return Tokenizer.from_str(json.dumps(model))


def _scripts(piece: str) -> set[str]:
    """The scripts of a piece's letters, by the first word of their Unicode names."""
    return {unicodedata.name(letter, "?").split()[0] for letter in piece if letter.isalpha()}


def _batches(texts: Iterable[str], size: int) -> Iterable[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch
