"""What a finished run leaves in ``run.json``: what it was trained on and how it went."""

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


def read_report(folder: Path) -> RunReport:
    """The report of a finished run."""
    return msgspec.json.decode((folder / "run.json").read_bytes(), type=RunReport)
