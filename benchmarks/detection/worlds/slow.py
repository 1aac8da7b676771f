"""Fits the threshold of the groundswell test over all worlds, and judges it in each world by the others.

    python -m benchmarks.detection.worlds.slow --threads FOLDER --write

Every month is run through the detector once, with what happens in it and no groundswell opened, and its blocks of six
hours are noted; then the test alone is run over them at rising thresholds.  Printed are the spread of its scores in
quiet blocks by world and by size of company, and what it finds in a world with the threshold that the other worlds set.
"""

from __future__ import annotations

import os

os.environ["GROUNDSWELL_PURE"] = "1"  # a detector that is compiled has no subclasses

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from benchmarks.detection.streams import DAY, EPOCH, JUDGED, WARM, Truth
from benchmarks.detection.worlds.catalogue import WORLDS, named
from benchmarks.detection.worlds.month import month
from benchmarks.detection.worlds.world import Happenings
from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import GROUNDSWELL_AFTER, Detector
from pipeline.detect.evidence import thresholds
from pipeline.detect.evidence.change_point import ChangePoint
from pipeline.detect.evidence.groundswell import BLOCK, Groundswell
from pipeline.detect.incidents.lifecycle import QUIET_BLOCKS
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.entity import EntityState

GRID = np.arange(2.0, 13.51, 0.25)
SIZES = ((0.0, 30.0), (30.0, 100.0), (100.0, 300.0), (300.0, 1000.0), (1000.0, 1e9))
"""Mentions a day of small and large companies."""

PROMISES = (0.05, 0.2, 1.0)
MONTHS, MONTHS_BUSY = 40, 12
FIRST = 41_000_000
_TAIL = 8
MADE_BY = "groundswell: python -m benchmarks.detection.worlds.slow --threads FOLDER --write"


class Block(NamedTuple):
    """A block of six hours as it closed: its end, in seconds since `EPOCH`, clean weights, negatives due."""

    end: float
    negative: float
    other: float
    due: float
    phi: float
    explained: bool


class Trace(NamedTuple):
    """The blocks of one month."""

    world: str
    a_day: float
    truths: list[Truth]
    blocks: list[Block]


class Score(NamedTuple):
    """What the test said at the end of a block."""

    at: float
    z: float
    evidence: float


class _Tracer(Detector):
    def __init__(self) -> None:
        super().__init__(0.2)
        self.thresholds = msgspec.structs.replace(self.thresholds, groundswell=1e9)
        self.blocks: list[Block] = []

    def _close_block(self, entity: EntityState, mention: InboundMention) -> Sequence[IncidentEvent]:
        swell, baseline = entity.groundswell, entity.baseline
        due = baseline.expected(entity.clock) - swell.expected
        end = swell.end - EPOCH.timestamp()
        self.blocks.append(Block(end, swell.negative, swell.other, due, baseline.phi, swell.explained))
        return super()._close_block(entity, mention)


def trace(seed: int, world: str, threads: Path | None) -> Trace:
    """One month through the detector."""
    one, tracer, state = month(seed, named(world), Happenings(), threads), _Tracer(), EntityState()
    for mention in one.mentions:
        tracer.observe(state, mention)
    return Trace(world, one.a_day, one.truths, tracer.blocks)


def scores(blocks: list[Block]) -> list[Score]:
    """The test alone over the blocks."""
    swell, expected, found = Groundswell(), 0.0, []
    for i, block in enumerate(blocks):
        if i == 0:
            swell.end = block.end
        swell.negative, swell.other, swell.explained = block.negative, block.other, block.explained
        expected += block.due
        following = blocks[i + 1].end - BLOCK if i + 1 < len(blocks) else block.end
        if swell.close(max(block.end, following), expected, block.phi, ChangePoint()):
            found.append(Score(block.end, swell.z, swell.evidence))
    return found


def alarms(found: list[Score], level: float) -> list[float]:
    """When a groundswell opens at that threshold; it is over after a day without a trace, and its evidence spent."""
    opened, quiet, spent, fired = False, 0, 0.0, []
    for score in found:
        if opened:
            quiet = quiet + 1 if score.z < 1.0 else 0
            if quiet >= QUIET_BLOCKS:
                opened, spent = False, score.evidence
        else:
            spent = min(spent, score.evidence)
            if score.evidence - spent >= level and score.at >= GROUNDSWELL_AFTER:
                opened, quiet = True, 0
                fired.append(score.at)
    return fired


class Verdict(NamedTuple):
    """Of one month, at each threshold of the grid: false alarms; and of its groundswells the days until each was
    found, NaN for never."""

    false: np.ndarray
    days: np.ndarray


def verdict(of: Trace) -> Verdict:
    """What the test makes of a month.  False is what opens in the judged days while nothing is on that was put in."""
    found = scores(of.blocks)
    spans = [(t.start, t.end + BLOCK) for t in of.truths]
    swells = [t for t in of.truths if t.kind == "groundswell"]
    false, days = np.zeros(GRID.size), np.full((len(swells), GRID.size), np.nan)
    for i, level in enumerate(GRID):
        fired = alarms(found, float(level))
        late = [at for at in fired if at >= WARM * DAY]
        false[i] = sum(not any(start <= at <= end for start, end in spans) for at in late)
        for j, truth in enumerate(swells):
            hits = [at for at in fired if truth.start <= at <= truth.end]
            days[j, i] = (hits[0] - truth.start) / DAY if hits else np.nan
    return Verdict(false, days)


def curve(traces: list[Trace], verdicts: list[Verdict]) -> thresholds.Curve:
    """False alarms a month by threshold, every world alike; beyond what the months can show, the last slope goes on."""
    worlds = sorted({t.world for t in traces})
    each = [np.mean([v.false for t, v in zip(traces, verdicts, strict=True) if t.world == w], axis=0) for w in worlds]
    rates = np.mean(each, axis=0) * 30.0 / JUDGED
    usable = np.flatnonzero(rates >= 4.0 / len(traces))[-_TAIL:]
    slope = min(-0.2, float(np.polyfit(GRID[usable], np.log(rates[usable]), 1)[0]))
    fall = float(np.exp(slope * (GRID[1] - GRID[0])))
    out: list[float] = []
    for i, rate in enumerate(rates):
        before = out[-1] if out else max(float(rate), 1e-3) / fall
        out.append(min(float(rate) if i <= usable[-1] else before * fall, before * 0.97))
    return thresholds.Curve(tuple(float(level) for level in GRID), tuple(round(rate, 8) for rate in out))


def quiet_scores(traces: list[Trace]) -> np.ndarray:
    """Scores of the blocks in which nothing was on, after the days to learn from."""
    return np.array(
        [
            score.z
            for t in traces
            for score in scores(t.blocks)
            if score.at >= WARM * DAY
            and not any(truth.start <= score.at <= truth.end + BLOCK for truth in t.truths)
        ]
    )  # fmt: skip


def spread_table(traces: list[Trace]) -> str:
    """Mean, standard deviation and upper quantiles of the scores of quiet blocks, by world and by size."""
    lines = ["| quiet blocks of | blocks | mean | deviation | 90 % | 99 % |", "|---|--:|--:|--:|--:|--:|"]
    for name, part in _parts(traces):
        z = quiet_scores(part)
        if z.size:
            high, highest = np.quantile(z, (0.9, 0.99))
            lines.append(f"| {name} | {z.size} | {z.mean():.2f} | {z.std():.2f} | {high:.2f} | {highest:.2f} |")
    return "\n".join(lines)


def left_out_table(traces: list[Trace], verdicts: list[Verdict], part_of_promise: float) -> str:
    """False alarms over the part of the promise, and groundswells found, with the threshold of all other worlds."""
    lines = [
        "| world left out (months) | " + " | ".join(f"false alarms at {p * part_of_promise:.3f}" for p in PROMISES)
        + " | threshold at 0.2 | found at 0.2 | from 100 a day on | days |",
        "|---|" + "--:|" * (len(PROMISES) + 4),
    ]  # fmt: skip
    pairs = list(zip(traces, verdicts, strict=True))
    every: list[tuple[float, float]] = []
    for world in sorted({t.world for t in traces}):
        others = [(t, v) for t, v in pairs if t.world != world]
        here = [(t, v) for t, v in pairs if t.world == world]
        fitted = curve([t for t, _ in others], [v for _, v in others])
        at = [int(np.argmin(np.abs(GRID - fitted.threshold(p * part_of_promise)))) for p in PROMISES]
        rates = [f"{np.mean([v.false[i] for _, v in here]):.3f}" for i in at]
        found = [(t.a_day, float(d[at[1]])) for t, v in here for d in v.days]
        every += found
        lines.append(f"| {world} ({len(here)}) | {' | '.join(rates)} | {GRID[at[1]]:.2f} | {_found(found)} |")
    lines.append(f"| *all* ({len(pairs)}) | | | | | {_found(every)} |")
    return "\n".join(lines)


def _found(found: list[tuple[float, float]]) -> str:
    large = [days for a_day, days in found if a_day >= 100.0]
    hits = [days for _, days in found if days == days]
    days = f"{np.median(hits):.1f}" if hits else "–"
    return f"{_share([d for _, d in found])} | {_share(large)} | {days}"


def _share(days: list[float]) -> str:
    return f"{np.mean([d == d for d in days]):.2f} ({len(days)})" if days else "–"


def _parts(traces: list[Trace]) -> list[tuple[str, list[Trace]]]:
    worlds = [(w, [t for t in traces if t.world == w]) for w in sorted({t.world for t in traces})]
    sizes = [
        (f"{low:.0f} to {high:.0f} a day" if high < 1e9 else f"over {low:.0f} a day", part)
        for low, high in SIZES
        if (part := [t for t in traces if low <= t.a_day < high])
    ]
    return [*worlds, *sizes]


def write(fitted: thresholds.Curve) -> None:
    """Put the curve into the shipped table; the other tests' stay as they are."""
    target = Path(thresholds.__file__).with_name("thresholds.json")
    table = thresholds.shipped()
    made_by = f"{table.made_by.partition('; ')[0]}; {MADE_BY}"
    made = msgspec.structs.replace(table, made_by=made_by, curves={**table.curves, "groundswell": fitted})
    target.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")


def report(traces: list[Trace]) -> thresholds.Curve:
    """Print the tables; gives the curve over all worlds."""
    verdicts = [verdict(t) for t in traces]
    print(spread_table(traces), left_out_table(traces, verdicts, thresholds.shipped().share["groundswell"]), sep="\n\n")
    return curve(traces, verdicts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=Path, help="folder of public threads; without it the world of trees is left")
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="replace the shipped curve")
    options = parser.parse_args()
    traces: list[Trace] = []
    with ProcessPoolExecutor(options.workers) as pool:
        for world in WORLDS:
            if world.real and options.threads is None:
                continue
            count = MONTHS if world.size[0] < 1000.0 else MONTHS_BUSY
            make = partial(trace, world=world.name, threads=options.threads)
            traces += pool.map(make, range(options.first, options.first + count), chunksize=4)
    fitted = report(traces)
    if options.write:
        write(fitted)


if __name__ == "__main__":
    main()
