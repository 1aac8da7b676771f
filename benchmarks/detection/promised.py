"""Whether the promise holds: false alarms promised and observed, on many months in which there is nothing to find.

    python -m benchmarks.detection.promised --months 1000 --out promised.jsonl

A thousand quiet months and a thousand with distractors (promotions, news, floods of reposts, brigades), every fourth of
them by the second generator, at three promises each.  Results are appended to the file, one line a month, and months
that it holds are not run again, so that the run may be interrupted and split.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.detection import second, streams
from benchmarks.detection.judge import Marks, detector_alarms, mark
from benchmarks.detection.streams import DISTRACTED, NULL

PROMISES = (1.0, 0.2, 0.05)
PLANS = {"quiet": NULL, "distractors": DISTRACTED}
ATTEMPTS = 2_000
"""Resamplings of the months for an interval."""


class Line(msgspec.Struct):
    """False alarms of a month at each promise."""

    plan: str
    seed: int
    world: str
    false: list[int]
    kinds: list[list[str]]


def judged(task: tuple[str, int]) -> Line:
    """One month at every promise.

    Thresholds rise as the promise falls, so that a month in which a generous one tells nothing at all needs no run with
    a stricter one: until something is told, their states are the same.
    """
    plan, seed = task
    world = "second" if seed % 4 == 0 else "streams"
    month = second.month(seed, PLANS[plan]) if world == "second" else streams.month(seed, PLANS[plan])
    line = Line(plan, seed, world, [0] * len(PROMISES), [[] for _ in PROMISES])
    for place, promise in enumerate(PROMISES):
        marks = Marks()
        mark(month, detector_alarms(month, promise, marks), marks)
        line.false[place], line.kinds[place] = marks.false, marks.false_kinds
        if marks.told == 0:
            break
    return line


def report(lines: list[Line]) -> None:
    """A table: observed against promised, with a 90 % interval over months."""
    rng = np.random.default_rng(0)
    print("| months | promised | observed | 90 % interval | which |\n|---|--:|--:|--:|---|")
    for plan in PLANS:
        for world in ("both", "streams", "second"):
            part = [line for line in lines if line.plan == plan and world in ("both", line.world)]
            if not part:
                continue
            for place in reversed(range(len(PROMISES))):
                false = np.array([line.false[place] for line in part])
                means = rng.choice(false, (ATTEMPTS, len(false))).mean(axis=1)
                low, high = np.quantile(means, (0.05, 0.95))
                kinds = [kind for line in part for kind in line.kinds[place]]
                named = ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted(set(kinds)))
                name = f"{plan}, {world} ({len(part)})"
                print(f"| {name} | {PROMISES[place]} | {false.mean():.3f} | {low:.3f}–{high:.3f} | {named} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=1000, help="of each kind")
    parser.add_argument("--first", type=int, default=streams.JUDGING, help="first seed")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    decoder = msgspec.json.Decoder(Line)
    known = options.out.read_bytes().splitlines() if options.out.exists() else []
    lines = [decoder.decode(line) for line in known]
    done = {(line.plan, line.seed) for line in lines}
    seeds = range(options.first, options.first + options.months)
    tasks = [(plan, seed) for seed in seeds for plan in PLANS if (plan, seed) not in done]
    with ProcessPoolExecutor(options.workers) as pool, options.out.open("ab") as out:
        for line in pool.map(judged, tasks, chunksize=4):
            lines.append(line)
            out.write(msgspec.json.encode(line) + b"\n")
            out.flush()
    report(lines)


if __name__ == "__main__":
    main()
