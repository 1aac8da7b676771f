"""What a model gives for a text, and what every runtime of it must keep to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from pipeline.messages import ModelRef, Sentiment, Signals


class Scores(Struct, frozen=True):
    """Everything that one pass over a text gives.  Signals and emotion are null where the model has no such head."""

    sentiment: Sentiment
    signals: Signals | None = None
    emotion: str | None = None


class Scorer(Protocol):
    """Reads texts.

    Guarantees: one answer a text, in order; the answer for a text does not depend on what it is batched with (within
    1e-3 for reduced precision); any Unicode is accepted, the empty text too.
    """

    ref: ModelRef

    def score(self, texts: Sequence[str]) -> list[Scores]: ...
