"""The outcome of a campaign as a table for people."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from tests.chaos.campaign import Injection, Outcome
from tests.chaos.kinds import KINDS


def markdown(outcome: Outcome) -> str:
    """A row a kind: injections, seconds until the backlog was worked off, anomalies."""
    by_kind: defaultdict[str, list[Injection]] = defaultdict(list)
    for injection in outcome.injections:
        by_kind[injection.kind].append(injection)
    lines = ["| kind | injections | recovery, median s | worst s | anomalies | what it exercises |",
             "|---|--:|--:|--:|--:|---|"]  # fmt: skip
    for name, kind in KINDS.items():
        if injections := by_kind[name]:
            seconds = [injection.recovery for injection in injections if injection.recovery is not None] or [-1.0]
            anomalies = sum(len(injection.anomalies) for injection in injections)
            lines.append(
                f"| {name} | {len(injections)} | {median(seconds):.1f} | {max(seconds):.1f} | {anomalies} "
                f"| {kind.guards} |"
            )
    return "\n".join(lines) + "\n"
