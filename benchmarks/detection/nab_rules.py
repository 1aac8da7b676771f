"""The scoring rules of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015), so that a score means what it means there.

A detection inside a labelled window earns up to 1, more the earlier it comes; only the best one in a window counts.
A window without one costs the false-negative weight, a detection outside of all windows up to the false-positive
weight, less just after a window.  Nothing counts in the probation at the beginning.  A corpus is scored as a whole and
scaled: 0 is the detector that says nothing, 100 the one that hits the first row of every window and nothing else.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, floor
from pathlib import Path

import numpy as np

PROBATION, PROBATION_ROWS = 0.15, 5_000
"""Part of a series without marks: 15 %, of 5,000 rows at most."""

_FAR = 3.0


@dataclass(frozen=True)
class Profile:
    """What hits and misses are worth; `tp`, `fn`, `fp` are the weights of NAB's application profiles."""

    name: str
    tp: float = 1.0
    fn: float = 1.0
    fp: float = 0.11


STANDARD = Profile("standard")
LOW_FP = Profile("reward low FP", fp=0.22)
LOW_FN = Profile("reward low FN", fn=2.0)
PROFILES = (STANDARD, LOW_FP, LOW_FN)


@dataclass(frozen=True)
class Series:
    """Counts in rows of equal length; `windows` are first and last row of each labelled anomaly."""

    name: str
    times: np.ndarray
    counts: np.ndarray
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """Rows at the beginning that are not marked."""
        return min(floor(PROBATION * len(self.counts)), int(PROBATION * PROBATION_ROWS))


def scaled_sigmoid(position: float) -> float:
    """1 at the far left of a window (-1), 0 at its right edge, -1 far behind it."""
    return -1.0 if position >= _FAR else 2.0 / (1.0 + exp(5.0 * position)) - 1.0


def raw_score(series: Series, alarms: Sequence[int], profile: Profile) -> float:
    """The unscaled score of detections at the rows `alarms` (any order)."""
    best = [-profile.fn] * len(series.windows)
    false = 0.0
    most = scaled_sigmoid(-1.0)
    for row in alarms:
        if row < series.probation:
            continue
        before: tuple[int, int] | None = None
        for number, (first, last) in enumerate(series.windows):
            if first <= row <= last:
                width = last - first + 1
                earned = scaled_sigmoid(-(last - row + 1) / width) / most * profile.tp
                best[number] = max(best[number], earned)
                break
            if last < row:
                before = (first, last)
        else:
            position = _FAR if before is None else (row - before[1]) / (before[1] - before[0])
            false += scaled_sigmoid(position) * profile.fp
    return sum(best) + false


def score(corpus: Sequence[Series], alarms: Sequence[Sequence[int]], profile: Profile) -> float:
    """The scaled score of a corpus, 0 for silence and 100 for perfection."""
    windows = sum(len(series.windows) for series in corpus)
    raw = sum(raw_score(series, rows, profile) for series, rows in zip(corpus, alarms, strict=True))
    return 100.0 * (raw + profile.fn * windows) / (profile.tp * windows + profile.fn * windows)


def read(folder: Path) -> list[Series]:
    """The series of a folder (`*.csv` with timestamp and value) with the windows of `combined_windows.json`."""
    labelled = json.loads((folder / "combined_windows.json").read_text())
    found = []
    for name, spans in labelled.items():
        path = folder / name.rpartition("/")[2]
        with path.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        place = {row["timestamp"]: number for number, row in enumerate(rows)}
        times = np.array([row["timestamp"] for row in rows], dtype="datetime64[s]").astype(np.float64)
        counts = np.array([float(row["value"]) for row in rows])
        windows = tuple((place[first[:19]], place[last[:19]]) for first, last in spans)
        found.append(Series(path.stem, times, counts, windows))
    return found
