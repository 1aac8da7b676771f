"""Judges the detector and its peer on streams that nothing was tuned on.

    python -m benchmarks.detection.judge --months 100 --trees twitter16_cascades.csv.gz

Prints one table: recall by size, delay, false alarms promised against observed, groundswells, real trees, weak
sentiment, forecast, time a mention and bytes an entity.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.detection import minscan, streams
from benchmarks.detection.streams import EPOCH, JUDGING, WARM, WEAK, Plan
from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState

BINS = ((20, 60), (60, 200), (200, 10**9))
AFTER = 6 * 3600.0
"""An alarm within this after the end of what was put in still belongs to it."""


@dataclass
class Alarm:
    """Someone is told: at a time, in seconds since the epoch of the streams."""

    at: float
    kind: str = ""
    event: IncidentEvent | None = None


@dataclass
class Marks:
    """What came of one month: per truth (kind, size, delay s or None, posts seen, part that had happened)."""

    found: list[tuple[str, int, float | None, int, float]] = field(default_factory=list)
    false: int = 0
    false_kinds: list[str] = field(default_factory=list)
    forecasts: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    mentions: int = 0
    told: int = 0
    seconds: float = 0.0
    state: int = 0


def detector_alarms(month: streams.Month, false_alarms: float, marks: Marks) -> list[Alarm]:
    detector, state, told = Detector(false_alarms), EntityState(), list[IncidentEvent]()
    begun = time.process_time()
    for m in month.mentions:
        events = detector.observe(state, m)
        if events:
            told.extend(events)
    marks.told = len(told)
    marks.seconds, marks.mentions = time.process_time() - begun, len(month.mentions)
    marks.state = len(EntityCodec().encode(state))
    base = EPOCH.timestamp()
    return [
        Alarm(e.at.timestamp() - base, e.kind, e)
        for e in told
        if e.pageable and e.event in ("opened", "escalated", "updated")
    ]


def mark(month: streams.Month, alarms: list[Alarm], marks: Marks) -> None:
    """Match alarms to what is true.  False: an incident opened in the judged days while nothing was on."""
    spans = [(t.start, t.end + AFTER) for t in month.truths]
    for alarm in alarms:
        opened = alarm.event is None or alarm.event.event == "opened"
        if opened and alarm.at >= WARM * streams.DAY and not any(a <= alarm.at <= b for a, b in spans):
            marks.false += 1
            marks.false_kinds.append(alarm.kind)
    for truth in month.truths:
        swell = truth.kind == "groundswell"
        hits = [
            a
            for a in alarms
            if truth.start <= a.at <= (truth.end if swell else truth.end + 3600.0)
            and (a.event is None or a.event.event != "updated")
        ]
        if not hits:
            marks.found.append((truth.kind, truth.size, None, 0, 1.0))
            continue
        seen = int(np.searchsorted(truth.posts, hits[0].at))
        marks.found.append((truth.kind, truth.size, hits[0].at - truth.start, seen, seen / truth.size))
    _forecasts(month, alarms, marks)


def _forecasts(month: streams.Month, alarms: list[Alarm], marks: Marks) -> None:
    """(minutes since the start, predicted, low, high, true) of the pile-on forecasts, scored afterwards."""
    for truth in month.truths:
        if truth.kind not in ("cascade", "tree"):
            continue
        for a in alarms:
            if a.event is not None and a.event.forecast is not None and truth.start <= a.at <= truth.end:
                f = a.event.forecast
                marks.forecasts.append(((a.at - truth.start) / 60.0, f.size, f.low, f.high, float(truth.size)))


def judged(seed: int, plan: Plan, false_alarms: float, trees: list[np.ndarray] | None = None) -> Marks:
    """One month through the detector."""
    month, marks = streams.month(seed, plan, trees), Marks()
    mark(month, detector_alarms(month, false_alarms, marks), marks)
    return marks


def peer(seed: int, plan: Plan, thresholds: tuple[float, ...], trees: list[np.ndarray] | None = None) -> list[Marks]:
    """One month through min-scan, at several thresholds."""
    month = streams.month(seed, plan, trees)
    scored = minscan.scores(month.mentions)
    out = []
    for threshold in thresholds:
        marks = Marks()
        base = EPOCH.timestamp()
        mark(month, [Alarm(at - base) for at in minscan.alarms(scored, threshold)], marks)
        out.append(marks)
    return out


def line(name: str, all_marks: list[Marks], months: int) -> str:
    """One row of the table."""
    found = [f for m in all_marks for f in m.found if f[0] in ("cascade", "tree")]
    hits = [f for f in found if f[2] is not None]
    cells = [f"{sum(m.false for m in all_marks) / months:.3f}", _ratio(len(hits), len(found))]
    for low, high in BINS:
        inside = [f for f in found if low <= f[1] < high]
        cells.append(_ratio(sum(f[2] is not None for f in inside), len(inside)))
    delays = [f[2] / 60.0 for f in hits if f[2] is not None]
    cells.append(f"{np.median(delays):.1f}" if delays else "–")
    cells.append(f"{np.median([f[3] for f in hits]):.0f}" if hits else "–")
    cells.append(f"{sum(f[4] < 0.5 for f in hits) / len(found):.2f}" if found else "–")
    swells = [f for m in all_marks for f in m.found if f[0] == "groundswell"]
    good = [f[2] / 86_400.0 for f in swells if f[2] is not None]
    cells.append(_ratio(len(good), len(swells)))
    cells.append(f"{np.median(good):.1f}" if good else "–")
    return f"| {name} | " + " | ".join(cells) + " |"


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2f} ({whole})" if whole else "–"


HEAD = (
    "| run | false alarms | recall | 20–60 | 60–200 | ≥ 200 | minutes | posts seen | before half |"
    " groundswell | days |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=100)
    parser.add_argument("--first", type=int, default=JUDGING, help="first seed")
    parser.add_argument(
        "--trees",
        type=Path,
        help="real repost trees, for a row of their own (those that the forecast was not fitted on)",
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="", help="rows, such as main,null,weak,trees,peer")
    options = parser.parse_args()
    n, seeds = options.months, range(options.first, options.first + options.months)
    only = set(options.only.split(",")) - {""}

    def wanted(row: str) -> bool:
        return not only or row in only

    with ProcessPoolExecutor(options.workers) as pool:

        def rows(plan: Plan, rate: float, trees: list[np.ndarray] | None = None) -> list[Marks]:
            return list(pool.map(partial(judged, plan=plan, false_alarms=rate, trees=trees), seeds, chunksize=4))

        print(HEAD)
        if wanted("main"):
            marks = rows(Plan(), 0.2)
            print(line("everything, promised 0.2", marks, n))
            kinds = [k for m in marks for k in m.false_kinds]
            print("  false:", {k: kinds.count(k) for k in set(kinds)})
            _print_forecasts(marks)
            spent = sum(m.seconds for m in marks) / sum(m.mentions for m in marks)
            print(f"  {spent * 1e6:.1f} µs a mention, state at most {max(m.state for m in marks):,} bytes")
        if wanted("null"):
            for plan, name in ((streams.NULL, "quiet"), (streams.DISTRACTED, "distractors")):
                for rate in (0.05, 0.2, 1.0):
                    print(line(f"{name}, promised {rate}", rows(plan, rate), n), flush=True)
        if wanted("weak"):
            print(line("weak sentiment, promised 0.2", rows(Plan(errors=WEAK), 0.2), n), flush=True)
        if wanted("trees") and options.trees:
            trees = streams.real_trees(options.trees)[1::2]
            marks = rows(Plan(groundswells=0), 0.2, trees)
            print(line("real trees, promised 0.2", marks, n), flush=True)
            _print_forecasts(marks)
        if wanted("peer"):
            _peer_rows(pool, n, options)


def _peer_rows(pool: ProcessPoolExecutor, n: int, options: argparse.Namespace) -> None:
    """min-scan, at the threshold that gave 0.2 false alarms on calibration seeds with the same distractors."""
    levels = tuple(float(x) for x in np.arange(4.0, 16.1, 0.5))
    first = streams.CALIBRATION + 500_000
    found = list(pool.map(partial(peer, plan=Plan(), thresholds=levels), range(first, first + n), chunksize=4))
    rates = [sum(marks[i].false for marks in found) / n for i in range(len(levels))]
    level = next((x for x, rate in zip(levels, rates, strict=True) if rate <= 0.2), levels[-1])
    seeds = range(options.first, options.first + n)
    runs: list[tuple[str, Plan, list[np.ndarray] | None]] = [
        ("min-scan, 0.2 on calibration seeds", Plan(), None),
        ("min-scan, weak sentiment", Plan(errors=WEAK), None),
    ]
    if options.trees:
        runs.append(("min-scan, real trees", Plan(groundswells=0), streams.real_trees(options.trees)[1::2]))
    for name, plan, trees in runs:
        marks = [m[0] for m in pool.map(partial(peer, plan=plan, thresholds=(level,), trees=trees), seeds, chunksize=4)]
        print(line(f"{name} (threshold {level})", marks, n), flush=True)


def _print_forecasts(all_marks: list[Marks]) -> None:
    forecasts = np.array([f for m in all_marks for f in m.forecasts]).reshape(-1, 5)
    for low, high in ((20, 45), (45, 90)):
        part = forecasts[(forecasts[:, 0] >= low) & (forecasts[:, 0] < high)]
        if len(part):
            error = np.median(np.abs(part[:, 1] - part[:, 4]) / part[:, 4])
            cover = np.mean((part[:, 2] <= part[:, 4]) & (part[:, 4] <= part[:, 3]))
            print(f"  forecast {low}–{high} min: error {error:.3f}, cover {cover:.2f}, n {len(part)}")


if __name__ == "__main__":
    main()
