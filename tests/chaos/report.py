"""The outcomes of campaigns as one table for people: `python -m tests.chaos.report chaos.json …`."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from tests.chaos.campaign import Injection, Outcome
from tests.chaos.kinds import KINDS

HEAD = """\
| kind | injections | beside another | recovery, median s | worst s | anomalies | what it exercises | with that out |
|---|--:|--:|--:|--:|--:|---|---|
"""


def markdown(injections: Sequence[Injection]) -> str:
    """A row a kind: injections, seconds until the backlog was worked off, anomalies.

    Seconds are of those that came alone, where any did: of two at once, either may be what took so long.
    """
    by_kind: defaultdict[str, list[Injection]] = defaultdict(list)
    for injection in injections:
        by_kind[injection.kind].append(injection)
    return HEAD + "".join(_row(name, by_kind[name]) for name in KINDS if by_kind[name])


def _row(name: str, injections: Sequence[Injection]) -> str:
    beside = [injection for injection in injections if injection.beside]
    timed = [injection for injection in injections if not injection.beside] or injections
    seconds = [injection.recovery for injection in timed if injection.recovery is not None]
    middle, worst = (f"{median(seconds):.1f}", f"{max(seconds):.1f}") if seconds else ("never", "never")
    anomalies = sum(len(injection.anomalies) for injection in injections)
    kind = KINDS[name]
    return (
        f"| {name} | {len(injections)} | {len(beside)} | {middle} | {worst} | {anomalies} "
        f"| {kind.guards} | {kind.without} |\n"
    )


if __name__ == "__main__":
    outcomes = [msgspec.json.decode(Path(name).read_bytes(), type=Outcome) for name in sys.argv[1:]]
    sys.stdout.write(markdown([injection for outcome in outcomes for injection in outcome.injections]))
