"""Fits what the severity of a handful of mentions rests on: by how much the forecast overrates three to nine of them.

    python -m benchmarks.detection.fit_severity --threads rumoureval2017_traindev.csv --months 80

The forecast was fitted on snowballs; of a handful nobody knows yet whether it is one.  So its careful size is held
against what came of two kinds of handfuls, at equal weight: real threads of answers at three to nine posts (every
second one, by a hash of its id; the others judge), and incidents that the detector opened with so few on simulated
months.  The factor is half-way (in the logarithm) between the tenth and the thirty-eighth hundredth of the ratio, which
is what "careful" means for the forecast, too.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from hashlib import sha256
from math import exp, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.detection import second, streams
from pipeline.detect.detector import Detector
from pipeline.detect.incidents.forecast import QUANTILES, outlook
from pipeline.detect.incidents.severity import FEW, HANDFUL, severity
from pipeline.detect.state.entity import EntityState

LEAST = 3
OLDEST = 180.0
"""Minutes from the first post after which a thread of few is no beginning any more."""

FITTED, JUDGED = 42_000_000, 43_000_000
"""First seeds of the months."""


class Handful(NamedTuple):
    """A handful of mentions: how many, what was foreseen, and how many it came to."""

    seen: int
    low: float
    size: float
    doubling: float | None
    final: int

    @property
    def careful(self) -> float:
        """The size that severity rests on, before it is corrected."""
        return sqrt(max(self.low, 1.0) * max(self.size, 1.0))


def threads(path: Path, part: int) -> list[Handful]:
    """Real threads at three to nine posts: those of one half."""
    times: dict[str, list[int]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            times[row["thread_id"]].append(int(row["epoch"]))
    found = []
    for name, posts in times.items():
        if int(sha256(name.encode()).hexdigest(), 16) % 2 != part:
            continue
        posts.sort()
        for seen in range(LEAST, min(FEW, len(posts) + 1)):
            ages = [(posts[seen - 1] - at) / 60.0 for at in posts[:seen]]
            if ages[0] <= OLDEST:
                fast, middle, slow = (sum(exp(-age / tau) for age in ages) for tau in (5.0, 30.0, 180.0))
                ahead = outlook(seen, fast, middle, slow, ages[0])
                found.append(Handful(seen, ahead.low, ahead.size, ahead.doubling_minutes, len(posts)))
    return found


def simulated(months: int, first: int) -> list[Handful]:
    """Incidents that the detector opened with so few, by both generators in turn."""
    found: list[Handful] = []
    for seed in range(first, first + months):
        month = second.month(seed) if seed % 2 == 0 else streams.month(seed)
        detector, state, begun = Detector(0.2), EntityState(), dict[str, Handful]()
        for mention in month.mentions:
            for event in detector.observe(state, mention):
                counts, ahead = event.counts, event.forecast
                few = LEAST <= counts.mentions < FEW and event.kind != "groundswell"
                if event.event == "opened" and few and ahead is not None:
                    begun[event.incident_id] = Handful(
                        counts.mentions, ahead.low, ahead.size, ahead.doubling_minutes, counts.mentions
                    )
                elif event.incident_id in begun:
                    begun[event.incident_id] = begun[event.incident_id]._replace(final=counts.mentions)
        found += begun.values()
    return found


def fitted(kinds: list[list[Handful]]) -> float:
    """The factor, each kind at the same weight."""
    ratios = np.concatenate([[h.final / h.careful for h in kind] for kind in kinds])
    weights = np.concatenate([np.full(len(kind), 1.0 / len(kind)) for kind in kinds])
    order = np.argsort(ratios)
    below = np.cumsum(weights[order]) / weights.sum()
    low, middle = (float(ratios[order][np.searchsorted(below, QUANTILES[q])]) for q in ("low", "middle"))
    return sqrt(low * middle)


def table(name: str, handfuls: list[Handful]) -> None:
    """What came of the handfuls of each severity."""
    by_level: dict[int, list[int]] = defaultdict(list)
    for h in handfuls:
        by_level[severity(h.low, h.size, h.seen, h.doubling, 0.0, False)].append(h.final)
    for level, finals in sorted(by_level.items()):
        middle = np.percentile(finals, [10, 50, 90])
        print(f"| {name} | {level} | {len(finals)} | {middle[0]:.0f} | {middle[1]:.0f} | {middle[2]:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=Path, required=True)
    parser.add_argument("--months", type=int, default=80)
    options = parser.parse_args()
    kinds = [threads(options.threads, 0), simulated(options.months, FITTED)]
    print(f"fitted on {len(kinds[0])} and {len(kinds[1])}: {fitted(kinds):.3f}; shipped is {HANDFUL}\n")
    print("| judged on | severity | handfuls | final size, tenth | middle | ninetieth |\n|---|--:|--:|--:|--:|--:|")
    table("real threads", threads(options.threads, 1))
    table("simulated", simulated(options.months, JUDGED))


if __name__ == "__main__":
    main()
