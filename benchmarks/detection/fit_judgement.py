"""Fits the judgement: what of all that the tests hold at a negative mention says that a snowball has begun.

    python -m benchmarks.detection.fit_judgement --write

Simulated months of both generators, some with a weak model, on seeds that neither thresholds nor judging use.  True is
a moment at which a snowball is in its first half; false one at which nothing is on that was put in to be told.  Every
snowball counts alike, however many moments it has.  Needs scikit-learn (the `train` extra) and a quarter of an hour.
"""

from __future__ import annotations

import os

os.environ["GROUNDSWELL_PURE"] = "1"  # a detector that is compiled has no subclasses

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.detection import second, streams
from benchmarks.detection.forests import of_classifier
from benchmarks.detection.judge import AFTER
from benchmarks.detection.recorder import Recorder
from benchmarks.detection.streams import EPOCH, WARM, WEAK, Errors, Month, Plan
from pipeline.detect import judgement
from pipeline.detect.evidence.pile_on import ThreadEvidence
from pipeline.detect.judgement import FEATURES, RAISING
from pipeline.detect.state.entity import EntityState

MOMENTS = 30
"""Moments of a snowball that are looked at, evenly spread over its first half, and what all of them weigh together."""

TREES, LEAVES, LEAST, RATE, SHRINKING = 250, 12, 300, 0.06, 5.0


class World(NamedTuple):
    """Months of one kind: first seed, how many, by which generator, how often the sentiment is wrong, their weight."""

    first: int
    months: int
    other: bool
    errors: Errors
    weight: float


WORLDS = (
    World(20_000_000, 1000, False, Errors(), 1.0),
    World(20_500_000, 400, True, Errors(), 0.5),
    World(22_000_000, 120, False, WEAK, 0.7),
    World(22_500_000, 60, True, WEAK, 0.35),
)


class Rows(NamedTuple):
    """Features, whether it was a snowball, weight."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray


class Moments(Recorder):
    """Notes what the judgement would look at: (time, features)."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[float, ...]] = []

    def note(self, s: EntityState, thread: ThreadEvidence | None, pile_on: float, surge: float) -> None:
        if judgement.worth_asking(pile_on, surge):
            self.seen.append((s.clock - EPOCH.timestamp(), *judgement.features(s, thread, pile_on, surge)))


def rows(seed: int, world: World) -> Rows:
    """The moments of one month."""
    plan = Plan(groundswells=0, errors=world.errors)
    month = second.month(seed, plan) if world.other else streams.month(seed, plan)
    moments, state = Moments(), EntityState()
    for m in month.mentions:
        moments.observe(state, m)
    seen = np.array(moments.seen).reshape(-1, 1 + len(FEATURES))
    return labelled(seen[seen[:, 0] >= WARM * streams.DAY], month, world.weight)


def labelled(seen: np.ndarray, month: Month, weight: float) -> Rows:
    """Those that are surely true or false, with weights."""
    at = seen[:, 0]
    y = np.zeros(len(at), int)
    w = np.full(len(at), weight)
    for truth in month.truths:
        y[(at >= truth.start) & (at <= truth.end + AFTER)] = -1
    for truth in month.truths:
        if truth.kind != "cascade":
            continue
        half = truth.posts[max(0, int(np.ceil(truth.size * 0.5)) - 1)]
        begun = np.flatnonzero((at >= truth.start) & (at < half))
        if len(begun):
            chosen = begun[np.unique(np.linspace(0, len(begun) - 1, min(MOMENTS, len(begun))).astype(int))]
            y[chosen], w[chosen] = 1, weight * MOMENTS / len(chosen)
    sure = y >= 0
    return Rows(seen[sure, 1:], y[sure], w[sure])


def every(pool: ProcessPoolExecutor) -> Iterator[Rows]:
    """The moments of all worlds, month by month, with a word about each world."""
    for world in WORLDS:
        seeds = range(world.first, world.first + world.months)
        found = list(pool.map(partial(rows, world=world), seeds, chunksize=4))
        print(f"{world}: {sum(len(r.y) for r in found)} moments, {sum(int(r.y.sum()) for r in found)} of snowballs")
        yield from found


def fitted(found: list[Rows]) -> dict[str, object]:
    """The model for these moments, as it is shipped."""
    x, y, w = (np.concatenate(column) for column in zip(*found, strict=True))
    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=LEAVES, min_samples_leaf=LEAST, learning_rate=RATE, l2_regularization=SHRINKING,
        monotonic_cst=[int(up) for up in RAISING], early_stopping=False,
    ).fit(x, y, sample_weight=w)  # fmt: skip
    quiet = y == 0
    zero = float(np.average(model.decision_function(x[quiet]), weights=w[quiet]))
    print(f"{len(y)} moments; quiet ones score {zero:.3f} on average, which is zero from now on")
    made_by = "python -m benchmarks.detection.fit_judgement --write"
    return {"made_by": made_by, "forest": of_classifier(model, zero)._asdict()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="replace the shipped model")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers) as pool:
        made = fitted(list(every(pool)))
    if options.write:
        Path(str(judgement.SHIPPED)).write_bytes(msgspec.json.encode(made) + b"\n")


if __name__ == "__main__":
    main()
