"""The volume test alone on NAB's realTweets, marked by NAB's own rules.

    python -m benchmarks.detection.nab FOLDER --write

Three ways to set the one threshold that all series share: by the promise (false alarms on simulated streams in which
nothing happens, one a week; no labelled series is looked at), by leaving each series out in turn, and, as NAB does for
every detector that it lists, by the best over the corpus.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detection import nab_rules as rules
from benchmarks.detection import report, volume
from benchmarks.detection.streams import CALIBRATION, DAY, EPOCH, JUDGED, WARM
from benchmarks.detection.streams import _rates as hourly_rates
from benchmarks.detection.windowed_gaussian import windowed_gaussian

WEEKLY = 30.0 / 7.0
"""The promise: one false alarm a week, as alarms in 30 days."""

PROMISES = (0.2, 1.0, 2.0, WEEKLY)
GRID = np.arange(2.0, 12.001, 0.05)
Values = Sequence[np.ndarray]
How = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Evidence of the rows from times and counts."""


def quiet(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and counts of a month (and the days before) in which nothing happens, in rows of five minutes."""
    rng = np.random.default_rng(seed)
    a_day = float(np.exp(rng.uniform(np.log(500.0), np.log(15_000.0))))
    hours = hourly_rates(rng, a_day, WARM + JUDGED)
    counts = rng.poisson(np.repeat(hours * volume.ROW / 3600.0, int(3600.0 / volume.ROW)))
    return EPOCH.timestamp() + np.arange(len(counts)) * volume.ROW, counts.astype(float)


def false_alarms(months: int, how: How, silence: float = volume.SILENCE) -> np.ndarray:
    """False alarms in 30 days at each threshold of `GRID`, from simulated months."""
    found = []
    for seed in range(CALIBRATION, CALIBRATION + months):
        times, counts = quiet(seed)
        values = how(times, counts)
        judged = times >= EPOCH.timestamp() + WARM * DAY
        found.append([len(volume.alarms(values[judged], times[judged], level, silence)) for level in GRID])
    return np.asarray(np.mean(found, axis=0) * 30.0 / JUDGED)


def promised(rates: np.ndarray, promise: float) -> float:
    """The lowest threshold of `GRID` that keeps to the promise."""
    return float(GRID[np.argmax(rates <= promise)])


def marks(
    corpus: Sequence[rules.Series], values: Values, threshold: float, silence: float = volume.SILENCE
) -> list[float]:
    """The score in each profile."""
    rows = [volume.alarms(v, s.times, threshold, silence) for v, s in zip(values, corpus, strict=True)]
    return [rules.score(corpus, rows, profile) for profile in rules.PROFILES]


def best(
    corpus: Sequence[rules.Series], values: Values, profile: int = 0, silence: float = volume.SILENCE,
    grid: np.ndarray = GRID,
) -> tuple[float, float]:  # fmt: skip
    """(score, threshold) where one threshold for all series does best in a profile."""
    return max((marks(corpus, values, float(level), silence)[profile], float(level)) for level in grid)


def left_out(corpus: Sequence[rules.Series], values: Values) -> list[float]:
    """The scores when the threshold of each series is the best one of the others (standard profile)."""
    rows = []
    for number, series in enumerate(corpus):
        others = [n for n in range(len(corpus)) if n != number]
        _, level = best([corpus[n] for n in others], [values[n] for n in others])
        rows.append(volume.alarms(values[number], series.times, level))
    return [rules.score(corpus, rows, profile) for profile in rules.PROFILES]


def table(corpus: Sequence[rules.Series], months: int) -> str:
    """Scores, then what each constant of the test does to them."""
    rates = false_alarms(months, volume.evidence)
    values = [volume.evidence(s.times, s.counts) for s in corpus]
    lines = ["| detector, threshold | standard | reward low FP | reward low FN |", "|---|--:|--:|--:|"]

    def row(name: str, scores: Sequence[float]) -> None:
        lines.append(f"| {name} | " + " | ".join(f"{score:.1f}" for score in scores) + " |")

    for promise in PROMISES:
        level = promised(rates, promise)
        name = "one a week" if promise == WEEKLY else f"{promise:g} a month"
        row(f"volume test, promise of {name} ({level:.2f} nats)", marks(corpus, values, level))
    row("volume test, threshold from the other series", left_out(corpus, values))
    row("volume test, best threshold per profile (NAB's way)", [best(corpus, values, p)[0] for p in range(3)])
    gauss = [windowed_gaussian(s.counts) for s in corpus]
    levels = np.quantile(np.concatenate(gauss), 1.0 - np.geomspace(2e-4, 0.05, 60))
    row("windowed Gaussian, best threshold per profile", [best(corpus, gauss, p, 0.0, levels)[0] for p in range(3)])
    level = promised(rates, WEEKLY)
    hits = [_hits(s, volume.alarms(v, s.times, level)) for s, v in zip(corpus, values, strict=True)]
    lines += ["", "At the promise of one a week: " + "; ".join(hits) + ".", ""]
    lines += ["| changed alone (standard profile) | promise of one a week | at its best threshold |", "|---|--:|--:|"]
    for name, how, silence in _variants():
        other = [how(s.times, s.counts) for s in corpus]
        level = promised(false_alarms(months // 4, how, silence), WEEKLY)
        kept, most = marks(corpus, other, level, silence)[0], best(corpus, other, 0, silence)
        lines.append(f"| {name} | {kept:.1f} ({level:.2f} nats) | {most[0]:.1f} ({most[1]:.2f} nats) |")
    return "\n".join(lines)


def _hits(series: rules.Series, rows: Sequence[int]) -> str:
    inside = sum(any(first <= row <= last for row in rows) for first, last in series.windows)
    counted = [row for row in rows if row >= series.probation]
    outside = sum(not any(first <= row <= last for first, last in series.windows) for row in counted)
    return f"{series.name.rpartition('_')[2]} {inside} of {len(series.windows)} windows, {outside} alarms outside"


def _variants() -> list[tuple[str, How, float]]:
    def with_(**how: Any) -> How:
        return partial(volume.evidence, **how)

    day = volume.SILENCE
    return [
        ("nothing", with_(), day),
        ("tails that learn from the second day on", with_(settle=volume.LEARN), day),
        *((f"tail from the largest {tail:g}", with_(tail=tail), day) for tail in (0.005, 0.01, 0.05)),
        *(
            (f"scales of {', '.join(str(5 * rows) for rows in scales)} minutes", with_(scales=scales), day)
            for scales in ((1,), (3,), (12,), (1, 3), (1, 3, 12, 36), (1, 2, 4, 8, 16))
        ),
        *((f"silence of {hours} hours", with_(), hours * 3600.0) for hours in (12, 18, 36, 48)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with the series (*.csv) and combined_windows.json")
    parser.add_argument("--months", type=int, default=100, help="simulated months that set the promise")
    parser.add_argument("--write", action="store_true", help="write the tables into the page of results")
    options = parser.parse_args()
    text = table(rules.read(options.folder), options.months)
    print(text)
    if options.write:
        report.write("nab", text)


if __name__ == "__main__":
    main()
