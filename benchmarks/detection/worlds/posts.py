"""Posts as columns: a block of posts that is written at a time, and blocks joined."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

POST, REPLY, REPOST = 0, 1, 2
KINDS = ("post", "reply", "repost")
REGULARS = 40
"""Accounts numbered from 0 that write again and again; numbers below 0 stand for a new face."""


class Posts(NamedTuple):
    """Columns.  `at`: seconds since the beginning; `root`, `text`: numbers of posts of the block, its own where it
    begins a thread or says something new; `author`: a number, -1 for somebody who does not come again."""

    at: Floats
    negative: Flags
    author: Whole
    root: Whole
    text: Whole
    kind: Whole


def single(at: Floats, negative: Flags, author: Whole | None = None) -> Posts:
    """Posts that answer nobody; by new faces where no authors are given."""
    n = at.size
    own = np.arange(n)
    return Posts(at, negative, np.full(n, -1) if author is None else author, own, own, np.zeros(n, np.int64))


def joined(blocks: list[Posts]) -> Posts:
    """All blocks as one; new faces get numbers that nobody else has."""
    first = np.cumsum([0, *(block.at.size for block in blocks)])[:-1]
    columns = [np.concatenate([block[i] for block in blocks]) for i in range(len(Posts._fields))]
    shift = np.repeat(first, [block.at.size for block in blocks])
    whole = Posts(*columns)
    author = np.where(whole.author < 0, 1_000_000 + np.arange(whole.at.size), whole.author)
    return whole._replace(author=author, root=whole.root + shift, text=whole.text + shift)


def regulars(rng: np.random.Generator, n: int, share: float) -> Whole:
    """Authors, so many of them regulars, some of whom write much."""
    who = np.floor(REGULARS * rng.random(n) ** 3.0).astype(np.int64)
    return np.where(rng.random(n) < share, who, -1)
