"""Report of a finished training run, in ``run.json``: data, steps, dev figures."""

from __future__ import annotations

from pathlib import Path

import msgspec


class RunReport(msgspec.Struct):
    """`texts` has how many texts of each source went into each part; `history` the figures of the dev part."""

    name: str
    version: str
    seed: int
    fingerprint: str
    precision: str
    device: str
    steps: int
    seconds: float
    best_dev: float
    texts: dict[str, int]
    dropped: int
    history: list[dict[str, float]]
    seeds: tuple[int, ...] = ()
    """Of the runs whose weights these are the average of."""


def read_report(folder: Path) -> RunReport:
    """The report of a finished run."""
    return msgspec.json.decode((folder / "run.json").read_bytes(), type=RunReport)


def write_report(report: RunReport, folder: Path) -> None:
    """Leave the report of a finished run."""
    (folder / "run.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
