"""Events of a simulated stream, in columns and in rows, and the stories that label them.

Columns (numpy) are for making and sorting, rows (`Event`) for reading.  Times are seconds since 1970, UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from pipeline.simulate.limits import StoryKind

Columns = NDArray[np.void]
"""Events as a structured array of `EVENT`."""

EVENT = np.dtype(
    [
        ("entity", "i4"),
        ("author", "i8"),
        ("post", "i8"),
        ("parent", "i8"),  # -1: none
        ("root", "i8"),
        ("text", "i8"),  # the post that said these words first
        ("text_kind", "u1"),  # and what kind it was
        ("created", "f8"),
        ("arrived", "f8"),
        ("kind", "u1"),  # index into KINDS
        ("polarity", "i1"),  # -1, 0, 1: the truth
        ("negative", "f8"),  # what a model would say, 0-1
        ("story", "i4"),  # number of the order within the entity, -1: background
        ("repeat", "?"),  # delivered before
    ]
)

EventKind = Literal["post", "reply", "quote", "repost"]
KINDS: tuple[EventKind, ...] = ("post", "reply", "quote", "repost")
POST, REPLY, QUOTE, REPOST = range(4)

INCIDENTS: frozenset[StoryKind] = frozenset({"cascade", "groundswell", "amplification"})
"""Stories that should be noticed.  The others are distractors: a page for one of them is a false alarm."""


class Event(NamedTuple):
    """One delivery of one post about one entity.

    `polarity` is the truth (-1, 0, 1) and `negative` what an imperfect model says; `text` is equal for copies of the
    same words, which a post of `text_kind` said first; `story` is the id of the story it belongs to, or empty; `repeat`
    marks a post delivered before.
    """

    entity: str
    author: str
    post_id: str
    parent_id: str | None
    root_id: str
    created: float
    arrived: float
    kind: EventKind
    polarity: int
    negative: float
    text: str
    text_kind: EventKind
    story: str
    repeat: bool


class Story(Struct, frozen=True, kw_only=True):
    """The label of something that happened.

    `size`, `negative` (truly negative posts) and `authors` count distinct posts and people, without repeats; `half` is
    when half of the posts had been written.  `branching` and `threaded` (share of posts inside threads) are for
    cascades.
    """

    story: str
    kind: StoryKind
    incident: bool
    entity: str
    start: datetime
    end: datetime
    half: datetime
    size: int
    negative: int
    authors: int
    branching: float | None = None
    threaded: float | None = None


class Order(NamedTuple):
    """A story that is to happen.  What is None is drawn at random.  `number` is unique within the entity."""

    kind: StoryKind
    entity: int
    start: float
    number: int
    size: int | None = None
    branching: float | None = None
    pace: float | None = None
    threaded: float | None = None


def blank(count: int) -> Columns:
    """`count` events about nothing yet: own roots, neutral, outside every story, numbered from 0."""
    events = np.zeros(count, dtype=EVENT)
    numbers = np.arange(count)
    for name in ("post", "root", "text"):
        events[name] = numbers
    events["parent"] = -1
    events["story"] = -1
    return events


def utc(seconds: float) -> datetime:
    """A time with its zone."""
    return datetime.fromtimestamp(seconds, UTC)
