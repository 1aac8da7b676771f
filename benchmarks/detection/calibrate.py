"""Makes the table of thresholds: false alarms per entity and month at rising thresholds, on streams in which nothing
is to be found.

    python -m benchmarks.detection.calibrate --months 400 --write

Half of the months are quiet, half hold promotions, news and repost floods; half are of one generator and half of the
other, whose answers come in heavier bursts and which is given a quarter of the weight.  The curve of groundswells is
fitted over all worlds by `benchmarks.detection.worlds.slow` and stays as it is.  Each other test is recorded without
limits; an alarm at a threshold is a crossing that comes at least twelve hours after the last one.
"""

from __future__ import annotations

import os

os.environ["GROUNDSWELL_PURE"] = "1"  # a detector that is compiled has no subclasses

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.detection import second, streams
from benchmarks.detection.recorder import Recorder
from benchmarks.detection.streams import CALIBRATION, EPOCH, JUDGED, NULL, WARM, Plan
from benchmarks.detection.worlds.slow import MADE_BY
from pipeline.detect import judgement
from pipeline.detect.evidence import thresholds
from pipeline.detect.evidence.pile_on import ThreadEvidence
from pipeline.detect.state.entity import EntityState

GRID = {
    "together": np.arange(1.0, 12.01, 0.25),
    "surge": np.arange(3.0, 13.01, 0.5),
    "pile_on": np.arange(1.5, 10.01, 0.5),
    "amplification": np.arange(8.5, 13.51, 0.5),
}
SHARE = {"together": 0.62, "surge": 0.21, "pile_on": 0.41, "groundswell": 0.26, "amplification": 0.05}
"""Parts of the promise; `together` stands for surge and pile-on where it judges.  What is left of it is for what
distractors and the ends of real incidents leave behind."""

WEIGHT = (0.375, 0.375, 0.125, 0.125)
"""Of the kinds of months: quiet and with distractors by one generator, the same by the other."""

MIXED = Plan(cascades=0, groundswells=0, brigades=0)
FLOODS = 8.0
FLOODED = Plan(cascades=0, groundswells=0, promotions=0, news=0, floods=FLOODS, brigades=0)
"""Amplifications are false when the text of a flood is misread, surely: so seldom that it is counted on streams with so
many times the floods that `MIXED` has."""

FLOODED_FIRST = CALIBRATION + 300_000
APART = 43_200.0
_FLOOR = 1e-3


class Curves(Recorder):
    """Notes the evidence of every test: (time, value)."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, list[tuple[float, float]]] = {name: [] for name in GRID}

    def note(self, s: EntityState, thread: ThreadEvidence | None, pile_on: float, surge: float) -> None:
        self.seen["surge"].append((s.clock, surge))
        if thread is not None:
            self.seen["pile_on"].append((s.clock, pile_on - s.baseline.busy))
            self.seen["amplification"].append((s.clock, thread.amplified()))
        if judgement.worth_asking(pile_on, surge) and judgement.learned(s):
            self.seen["together"].append((s.clock, judgement.snowball(s, thread, pile_on, surge)))


def alarms(seed: int) -> dict[str, list[int]]:
    """How many alarms each threshold of the grid gives in the judged days of one month."""
    recorder, state = Curves(), EntityState()
    plan = NULL if seed % 2 else MIXED
    month = streams.month(seed, plan) if seed % 4 < 2 else second.month(seed, plan)
    for m in month.mentions:
        recorder.observe(state, m)
    first = EPOCH.timestamp() + WARM * 86_400.0
    counts = {}
    for name, grid in GRID.items():
        seen = np.array([pair for pair in recorder.seen[name] if pair[0] >= first]).reshape(-1, 2)
        counts[name] = [_crossings(seen, level, APART) for level in grid]
    return counts


def spreads(seed: int) -> list[int]:
    """How many amplifications each threshold gives in the judged days of a month of floods."""
    recorder, state = Curves(), EntityState()
    for m in streams.month(seed, FLOODED).mentions:
        recorder.observe(state, m)
    first = EPOCH.timestamp() + WARM * 86_400.0
    seen = np.array([pair for pair in recorder.seen["amplification"] if pair[0] >= first]).reshape(-1, 2)
    return [_crossings(seen, level, APART) for level in GRID["amplification"]]


def spread_curve(counts: list[list[int]]) -> thresholds.Curve:
    """The curve of amplifications, for months of which the half with distractors has a flood each."""
    part = (WEIGHT[0] + WEIGHT[2]) / FLOODS
    rates = np.mean(counts, axis=0) * part
    print("amplification", dict(zip(GRID["amplification"].tolist(), rates.round(5).tolist(), strict=True)))
    return _curve(GRID["amplification"], rates, round(len(counts) / part))


def _crossings(seen: np.ndarray, level: float, apart: float) -> int:
    last, count = -1e18, 0
    for t in seen[seen[:, 1] >= level, 0]:
        if t - last >= apart:
            count += 1
        last = t
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="replace the shipped table")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers) as pool:
        found = list(pool.map(alarms, range(CALIBRATION, CALIBRATION + options.months), chunksize=4))
        flooded = list(pool.map(spreads, range(FLOODED_FIRST, FLOODED_FIRST + options.months // 4), chunksize=4))
    before = thresholds.shipped()
    curves = {"amplification": spread_curve(flooded), "groundswell": before.curves["groundswell"]}
    for name, grid in GRID.items():
        if name in curves:
            continue
        each = [np.mean([counts[name] for counts in found[world::4]], axis=0) for world in range(len(WEIGHT))]
        rates = np.average(each, axis=0, weights=WEIGHT)
        curves[name] = _curve(grid, rates, options.months)
        for level, rate, *worlds in zip(grid, rates, *each, strict=True):
            print(f"{name} {level:.1f}: {rate:.4f} ", [round(float(r), 3) for r in worlds])
    table = thresholds.Table(
        made_by=f"python -m benchmarks.detection.calibrate --months {options.months} --write; {MADE_BY}",
        entity_months=options.months * JUDGED / 30,
        share=SHARE,
        curves=curves,
    )
    if options.write:
        target = Path(thresholds.__file__).with_name("thresholds.json")
        target.write_bytes(msgspec.json.format(msgspec.json.encode(table), indent=1) + b"\n")


def _curve(grid: np.ndarray, rates: np.ndarray, months: int) -> thresholds.Curve:
    """Strictly falling rates; beyond what the months can show, the last slope goes on."""
    least = 4.0 / months
    usable = rates >= least
    slope = -0.9
    if usable.sum() >= 3:
        x, y = grid[usable], np.log(rates[usable])
        slope = float(np.polyfit(x[-5:], y[-5:], 1)[0])
    fall = float(np.exp(slope * (grid[1] - grid[0])))
    out: list[float] = []
    for rate in rates:
        before = out[-1] if out else float(max(rate, _FLOOR)) / fall
        out.append(min(float(rate) if rate >= least else before * fall, before * 0.97))
    return thresholds.Curve(tuple(float(g) for g in grid), tuple(round(v, 8) for v in out))


if __name__ == "__main__":
    main()
