"""Protocol of a scorer: the scores of a post, and what every runtime guarantees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from pipeline.contracts.mentions import ModelRef, Sentiment, Signals

Span = tuple[int, int]
"""Start and end of a name in a text, in characters; the end is exclusive."""

Target = tuple[Span, ...]
"""Where a text names one entity; empty when it does not (an answer in a thread about it, say)."""

SIGNALS = Signals.__struct_fields__
"""The signals of a mention; each is the "yes" of the head of its name."""

REQUIRED_SIGNALS = SIGNALS[: len(SIGNALS) - len(Signals.__struct_defaults__)]
"""Those without a default: a model that lacks one of their heads gives no signals at all."""


class Reading(Struct, frozen=True):
    """A text to be read, and whom it is asked about."""

    text: str
    targets: tuple[Target, ...] = ()


class Scores(Struct, frozen=True):
    """Everything that one pass over a text gives.

    `targets` has the sentiment toward each target asked about, in order; toward one that the text does not name, or
    names beyond what the model reads, it is the sentiment of the post.  Signals, emotion and embedding are null where
    the model has no such head; `emotion_confidence` is the probability of `emotion`; the embedding is of length one,
    (width,) float32, and the sketch is what 64 numbers keep of it.
    """

    sentiment: Sentiment
    targets: tuple[Sentiment, ...] = ()
    signals: Signals | None = None
    emotion: str | None = None
    emotion_confidence: float | None = None
    embedding: NDArray[np.float32] | None = None
    sketch: NDArray[np.float32] | None = None


class Scorer(Protocol):
    """Reads posts; a bare string is a reading that asks about nobody.

    Guarantees: one answer a reading, in order; the answer for a reading does not depend on what it is batched with
    (within 1e-3 for reduced precision), nor that for the post on whom it is asked about; any Unicode is accepted, the
    empty text and spans outside the text too.
    """

    ref: ModelRef

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]: ...
