"""Cross-fitted temperatures: each tenth is judged by one fitted without it.

A temperature wants more rows than one part alone has (190 of emotion).  So the texts that figures are reported on help
to fit it, and each tenth of them is judged by the temperature that is found without it (cross-fitting).  That says a
little too modestly how honest the probabilities are: the temperature that is shipped knows a few rows more.  It changes
no label, so no other figure is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self, runtime_checkable
from zlib import crc32

import numpy as np
from msgspec.structs import replace

from models.evaluation.rows import Answers, Rows, answers_of
from models.manifest import Head
from models.metrics import Ints
from models.scorer import Scorer
from models.text import same_text_key

TENTHS = 10


def tenth_of(text: str) -> int:
    """The tenth that a text belongs to, 0–9; the same for repeats of it, and nothing to do with its part."""
    return crc32(same_text_key(text).encode(), 11) % TENTHS


@runtime_checkable
class Calibrated(Scorer, Protocol):
    """A scorer whose probabilities come of heads that can be exchanged."""

    heads: Mapping[str, Head]

    def with_heads(self, heads: Mapping[str, Head]) -> Self:
        """The same network, read by other heads."""
        ...


def answers_apart(scorer: Scorer, rows: Rows) -> Answers:
    """What a scorer answers, each text by a temperature that was fitted without it.

    Raises `NoSuchHead`.
    """
    if not isinstance(scorer, Calibrated) or rows.head not in scorer.heads or not scorer.heads[rows.head].tenths:
        return answers_of(scorer, rows)
    head = scorer.heads[rows.head]
    tenths = np.array([tenth_of(text) for text in rows.texts], np.int64)
    predicted: Ints = np.zeros(len(rows.texts), np.int64)
    confidence = np.zeros(len(rows.texts))
    for tenth, temperature in enumerate(head.tenths):
        chosen = np.flatnonzero(tenths == tenth)
        if len(chosen):
            own = replace(head, temperature=temperature)
            found = answers_of(scorer.with_heads({**scorer.heads, rows.head: own}), rows.only(chosen))
            predicted[chosen] = found.predicted
            confidence[chosen] = 0.0 if found.confidence is None else found.confidence
    return Answers(predicted, confidence)
