"""Outcomes as tables for people: `python -m tests.chaos.report chaos.json … without.json …`."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from tests.chaos.campaign import Injection, Outcome
from tests.chaos.kinds import KINDS
from tests.chaos.without import Finding
from tests.chaos.without import markdown as missed

HEAD = """\
| kind | injections | beside another | recovery, median s | worst s | anomalies | what it exercises | with that out |
|---|--:|--:|--:|--:|--:|---|---|
"""


def markdown(injections: Sequence[Injection], findings: Sequence[Finding] = ()) -> str:
    """A row a kind: injections, seconds until the backlog was worked off, anomalies, and what harm it did without its
    protection.

    Seconds are of those that came alone, where any did: of two at once, either may be what took so long.
    """
    by_kind: defaultdict[str, list[Injection]] = defaultdict(list)
    for injection in injections:
        by_kind[injection.kind].append(injection)
    seen = {finding.kinds[-1]: finding for finding in findings if finding.anomalies}
    return HEAD + "".join(_row(name, by_kind[name], seen.get(name)) for name in KINDS if by_kind[name])


def _row(name: str, injections: Sequence[Injection], seen: Finding | None) -> str:
    beside = [injection for injection in injections if injection.beside]
    timed = [injection for injection in injections if not injection.beside] or injections
    seconds = [injection.recovery for injection in timed if injection.recovery is not None]
    middle, worst = (f"{median(seconds):.1f}", f"{max(seconds):.1f}") if seconds else ("never", "never")
    anomalies = sum(len(injection.anomalies) for injection in injections)
    kind = KINDS[name]
    without = kind.without if seen is None else f"seen: {', '.join(sorted({name for name, _ in seen.anomalies}))}"
    return (
        f"| {name} | {len(injections)} | {len(beside)} | {middle} | {worst} | {anomalies} "
        f"| {kind.guards} | {without or 'not seen'} |\n"
    )


if __name__ == "__main__":
    outcomes, findings = list[Outcome](), list[Finding]()
    for name in sys.argv[1:]:
        data = Path(name).read_bytes()
        if Path(name).name.startswith("without"):
            findings += msgspec.json.decode(data, type=list[Finding])
        else:
            outcomes.append(msgspec.json.decode(data, type=Outcome))
    sys.stdout.write(markdown([injection for outcome in outcomes for injection in outcome.injections], findings))
    if findings:
        sys.stdout.write(f"\n{missed(findings)}")
