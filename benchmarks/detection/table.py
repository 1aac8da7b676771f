"""The detector beside the rules that others publish or ship, all at the same false-alarm rate.

    python -m benchmarks.detection.table --months 100 --trees twitter16_cascades.csv.gz --write

Each peer's threshold is the lowest that keeps to 0.2 false alarms an entity and month on calibration seeds; then all
are judged on judging seeds.  The detector is given the promise of 0.2 and nothing else.  Every stream is made once and
shown to all.  With `--slow N` a peer that takes long is calibrated and judged on the first N months only, which the
numbers in its rows tell.  With `--trees`, real repost trees (those that the forecast was not fitted on) stand in for
simulated cascades.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.detection import judge, report, streams
from benchmarks.detection.judge import Alarm, Marks
from benchmarks.detection.peers.registry import MISSING, PEERS
from benchmarks.detection.peers.stream import Seen, alarms
from benchmarks.detection.streams import CALIBRATION, JUDGING, WEAK, Plan

PROMISE = 0.2
"""False alarms an entity and month."""

FIRST = CALIBRATION + 700_000
"""First calibration seed of the peers; the detector's own table was made on others."""

OURS = "Groundswell"
T = TypeVar("T")


def false_alarms(seed: int, slow_until: int) -> list[list[int] | None]:
    """False alarms of one calibration month, peer by peer, at each of its levels; None of a slow peer that is done."""
    month = streams.month(seed, Plan())
    seen = Seen(month)
    found: list[list[int] | None] = []
    for peer in PEERS:
        if peer.slow and seed >= slow_until:
            found.append(None)
            continue
        scored, counts = peer.scores(seen), []
        for level in peer.levels:
            marks = Marks()
            judge.mark(month, [Alarm(at) for at in alarms(peer, scored, float(level))], marks)
            counts.append(marks.false)
        found.append(counts)
    return found


def level_for(counts: Iterable[list[int]], levels: np.ndarray) -> tuple[float, float]:
    """The lowest level that keeps to the promise and stays there, and its false alarms a month."""
    rates = np.mean(list(counts), axis=0)
    kept = rates <= PROMISE
    place = len(levels) - 1 if not kept[-1] else int(len(levels) - np.argmin(kept[::-1])) if not kept.all() else 0
    return float(levels[place]), float(rates[place])


def judged(
    seed: int, plan: Plan, levels: tuple[float, ...], slow_until: int, trees: list[np.ndarray] | None = None
) -> list[Marks | None]:
    """One month, the detector first, then the peers; None of a slow peer that is done."""
    month = streams.month(seed, plan, trees)
    ours = Marks()
    judge.mark(month, judge.detector_alarms(month, PROMISE, ours), ours)
    seen = Seen(month)
    found: list[Marks | None] = [ours]
    for peer, level in zip(PEERS, levels, strict=True):
        if peer.slow and seed >= slow_until:
            found.append(None)
            continue
        marks = Marks()
        judge.mark(month, [Alarm(at) for at in alarms(peer, peer.scores(seen), level)], marks)
        found.append(marks)
    return found


def known(months: list[list[T | None]], place: int) -> list[T]:
    """What is there of one peer, month by month."""
    return [one for month in months if (one := month[place]) is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=100)
    parser.add_argument("--calibration", type=int, default=0, help="calibration months; as many as --months when 0")
    parser.add_argument("--slow", type=int, default=0, help="months for slow peers; as many as --months when 0")
    parser.add_argument("--first", type=int, default=JUDGING, help="first judging seed")
    parser.add_argument("--trees", type=Path, help="real repost trees")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write the table into the page of results")
    options = parser.parse_args()
    for line in MISSING:
        print(line)
    with ProcessPoolExecutor(options.workers) as pool:
        text = table(pool, options)
    print(text)
    if options.write:
        report.write("peers", text)


def table(pool: ProcessPoolExecutor, options: argparse.Namespace) -> str:
    """Every peer on every kind of stream, and the levels that were set before."""
    months = options.months
    seeds = range(FIRST, FIRST + (options.calibration or months))
    slow = options.slow or months
    counted = list(pool.map(partial(false_alarms, slow_until=FIRST + slow), seeds, chunksize=2))
    of = [known(counted, p) for p in range(len(PEERS))]
    set_ = [level_for(of[p], peer.levels) for p, peer in enumerate(PEERS)]
    levels = tuple(level for level, _ in set_)
    lines = [judge.HEAD]
    notes = ["", f"{months} entity-months of each kind, first seed {options.first:,}. Thresholds:", ""]
    notes += [
        f"- {peer.name}: {level:.3g} ({rate:.2f} false alarms on {len(of[p])} calibration months); {peer.source}"
        for p, (peer, (level, rate)) in enumerate(zip(PEERS, set_, strict=True))
    ]
    runs: list[tuple[str, Plan, list[np.ndarray] | None]] = [
        ("", Plan(), None),
        (", weak sentiment", Plan(errors=WEAK), None),
    ]
    if options.trees:
        runs.append((", real trees", Plan(groundswells=0), streams.real_trees(options.trees)[1::2]))
    seeds = range(options.first, options.first + months)
    for name, plan, trees in runs:
        one = partial(judged, plan=plan, levels=levels, slow_until=options.first + slow, trees=trees)
        found = list(pool.map(one, seeds, chunksize=2))
        for p, who in enumerate([f"**{OURS}**", *(peer.name for peer in PEERS)]):
            marks = known(found, p)
            lines.append(judge.line(f"{who}{name}", marks, len(marks)))
    return "\n".join(lines + notes)


if __name__ == "__main__":
    main()
