"""Protocol of a context reader: log-odds from reading the whole post, as a model can.

`log_odds.py` counts words.  A model that has read the post (its embedding against the entity's description and against
what else the name means) knows more; it takes part as one more term of the sum, in nats, for names that need evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.enrich.catalogue.entities import Entity

MOST = 1.5
"""Nats that a reader can add or take away at most.  It is asked only for names that lie within that of being linked or
not: some 2 posts in 100, since reading one costs as much as linking forty."""


class Question(NamedTuple):
    """Does `text[start:end]` mean `entity`?  `score` is the evidence so far, in nats."""

    text: str
    start: int
    end: int
    entity: Entity
    score: float


class ContextReader(Protocol):
    """Answers questions about posts.

    An implementation must answer each question by its text and entity, and what was asked before of the same text,
    alone (so that a post gives the same mentions whatever batch it comes in), raise nothing for any Unicode, and be
    calibrated as log-odds: 0.0 where it knows nothing.  Its cost a text must be bounded.
    """

    def nats(self, questions: Sequence[Question]) -> Sequence[float]:
        """One log-odds term a question, in order."""
        ...


class Embedder(Protocol):
    """Gives a vector for a text.

    Guarantees asked of it: any Unicode is accepted; the same call gives the same vectors.
    """

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text, in order: (texts, width)."""
        ...
