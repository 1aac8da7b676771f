"""`python -m tests.chaos`: a campaign of faults on the real servers, its figures as JSON and as a table."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from tests.chaos.campaign import Outcome, campaign, schedule
from tests.chaos.kinds import KINDS
from tests.chaos.protections import BY_NAME
from tests.chaos.report import markdown
from tests.chaos.without import markdown as missed
from tests.chaos.without import without


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 the ledger balances, 1 it does not, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--injections", type=int, default=300, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which faults come when")
    parser.add_argument("--kinds", default="", help=f"by commas; all when left out: {', '.join(KINDS)}")
    parser.add_argument("--pairs-only", action="store_true", help="no first round in which each fault comes alone")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin nothing after so many")
    parser.add_argument("--check-every", type=int, default=4, help="steps between checks of the ledger")
    parser.add_argument("--rate", type=float, default=10.0, help="posts a second")
    parser.add_argument("--out", type=Path, default=Path(".real/chaos"), help="folder for chaos.json and chaos.md")
    parser.add_argument(
        "--without", default="", help=f"take these protections out, each alone; by commas, or all: {', '.join(BY_NAME)}"
    )
    parser.add_argument("--tries", type=int, default=4, help="faults until a protection counts as not missed")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    if given.without:
        return _without(list(BY_NAME) if given.without == "all" else given.without.split(","), given)
    chosen = given.kinds.split(",") if given.kinds else list(KINDS)
    if unknown := [name for name in chosen if name not in KINDS]:
        parser.error(f"no such kinds: {', '.join(unknown)}; there are {', '.join(KINDS)}")
    steps = schedule(given.injections, given.seed, chosen, singles=not given.pairs_only)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    print(f"{given.injections} injections of {len(chosen)} kinds; logs are in {folder / 'data' / 'logs'}")
    outcome = asyncio.run(
        campaign(
            folder, steps, given.seed, rate=given.rate, check_every=given.check_every, minutes=given.minutes,
            say=partial(print, flush=True), note=partial(_write, given.out),
        )
    )  # fmt: skip
    (given.out / "chaos.md").write_text(table := markdown(outcome.injections), encoding="utf-8")
    print(table)
    return int(any(injection.anomalies for injection in outcome.injections))


def _write(folder: Path, outcome: Outcome) -> None:
    (folder / "chaos.json").write_bytes(msgspec.json.format(msgspec.json.encode(outcome)))


def _without(names: Sequence[str], given: argparse.Namespace) -> int:
    """Exit status: 0 when each protection that was taken out was missed, else 1."""
    findings = []
    for name in names:
        say = partial(print, flush=True)
        findings.append(asyncio.run(without(BY_NAME[name], given.seed, given.tries, say)))
        (given.out / "without.json").write_bytes(msgspec.json.format(msgspec.json.encode(findings)))
    print(missed(findings))
    return int(not all(finding.anomalies for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
