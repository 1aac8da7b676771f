"""Prints the statistics of all worlds side by side, to see that they differ where they should.

python -m benchmarks.detection.worlds.describe --months 20 --threads FOLDER
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.detection.streams import EPOCH, WARM, Month
from benchmarks.detection.worlds.catalogue import WORLDS
from benchmarks.detection.worlds.month import month
from benchmarks.detection.worlds.world import UNTOUCHED, Happenings, World

HEAD = (
    "| world | mentions a day (10–90 %) | negative | p within 0.35–0.65 | not sure | answers | longest thread |"
    " reposts | busiest hour / mean | variance / mean of an hour | snowballs, groundswells a month |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)
_EVERY = Happenings()


def row(world: World, count: int, first: int, threads: Path | None) -> str:
    """What `count` months without a crisis of the world are like; snowballs and groundswells from those with."""
    months = [month(first + i, world, UNTOUCHED, threads) for i in range(count)]
    p = np.array([m.sentiment.negative for one in months for m in one.mentions])
    sure = np.array([m.sentiment.sure for one in months for m in one.mentions])
    kinds = np.array([m.kind for one in months for m in one.mentions])
    a_day = np.quantile([one.a_day for one in months], (0.1, 0.9))
    busiest, spread, longest = (np.array(column) for column in zip(*map(_hours, months), strict=True))
    truths = [t.kind for i in range(count) for t in month(first + i, world, _EVERY, threads).truths]
    cells = [
        world.name,
        f"{a_day[0]:.3g}–{a_day[1]:.4g}",
        f"{np.mean(p >= 0.5):.2f}",
        f"{np.mean((p > 0.35) & (p < 0.65)):.2f}",
        f"{np.mean(~sure):.2f}",
        f"{np.mean(kinds == 'reply'):.2f}",
        f"{np.median(longest):.0f}",
        f"{np.mean(kinds == 'repost'):.2f}",
        f"{np.median(busiest):.1f}",
        f"{np.median(spread):.1f}",
        f"{truths.count('cascade') / count:.1f}, {truths.count('groundswell') / count:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _hours(one: Month) -> tuple[float, float, int]:
    """The busiest hour over the mean one, the over-dispersion of the hours, and the longest thread."""
    at = np.array([m.created_at.timestamp() for m in one.mentions]) - EPOCH.timestamp()
    counts = np.bincount((at // 3600.0).astype(int), minlength=44 * 24)[WARM * 24 :].astype(float)
    mean = max(float(counts.mean()), 1e-9)
    answers = Counter(m.root_id for m in one.mentions if m.kind == "reply")
    longest = max(answers.values(), default=0)
    return float(counts.max() / mean), float(counts.var() / mean), longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=20)
    parser.add_argument("--first", type=int, default=40_000_000)
    parser.add_argument("--threads", type=Path, help="folder of public threads; without it the world of trees is left")
    options = parser.parse_args()
    print(HEAD)
    for world in WORLDS:
        if world.real and options.threads is None:
            continue
        print(row(world, options.months, options.first, options.threads), flush=True)


if __name__ == "__main__":
    main()
