"""Public threads as shapes: delays of the answers in reply threads, and of the reposts in repost trees.

The files are read where they lie and hold no texts that are used; without them a world of real trees cannot be made.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.detection.streams import real_trees
from benchmarks.detection.worlds.posts import Floats, Whole

REPLIES, REPOSTS = "rumoureval2017_traindev.csv", "twitter16_cascades.csv.gz"


class Trees(NamedTuple):
    """Delays in seconds: of the answers in each reply thread, and of the posts in each repost tree, the first at 0."""

    replies: list[Floats]
    reposts: list[Floats]

    def answered(self, rng: np.random.Generator, n: int, mean: float) -> tuple[Whole, Floats]:
        """Answers to each of `n` first posts, `mean` on average: few have any, and those have a real thread's."""
        usual = float(np.mean([thread.size for thread in self.replies]))
        chosen = rng.random(n) < mean / usual
        drawn = [self.replies[i] for i in rng.integers(0, len(self.replies), int(chosen.sum()))]
        children = np.zeros(n, np.int64)
        children[chosen] = [thread.size for thread in drawn]
        return children, np.concatenate(drawn) if drawn else np.empty(0)


@cache
def read(folder: Path) -> Trees:
    """The trees of the folder; of the repost trees those that the forecast is not fitted on."""
    answers: dict[str, list[float]] = {}
    with (folder / REPLIES).open(encoding="utf-8", newline="") as lines:
        rows = [(row["thread_id"], float(row["epoch"]), row["parent_id"]) for row in csv.DictReader(lines)]
    first = {thread: at for thread, at, parent in rows if not parent}
    for thread, at, parent in rows:
        if parent and thread in first and at >= first[thread]:
            answers.setdefault(thread, []).append(at - first[thread])
    reposts = [delays * 60.0 for delays in real_trees(folder / REPOSTS)[1::2]]
    return Trees([np.sort(np.array(delays)) for delays in answers.values()], reposts)
