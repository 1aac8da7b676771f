"""`python -m tests.chaos`: a campaign of faults on the real servers, its figures as JSON and as a table."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

from tests.chaos.campaign import campaign, schedule
from tests.chaos.kinds import KINDS
from tests.chaos.report import markdown


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 the ledger balances, 1 it does not, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--injections", type=int, default=300, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which faults come when")
    parser.add_argument("--kinds", default="", help=f"by commas; all when left out: {', '.join(KINDS)}")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin nothing after so many")
    parser.add_argument("--check-every", type=int, default=4, help="steps between checks of the ledger")
    parser.add_argument("--rate", type=float, default=10.0, help="posts a second")
    parser.add_argument("--out", type=Path, default=Path(".real/chaos"), help="folder for chaos.json and chaos.md")
    given = parser.parse_args(arguments)
    chosen = given.kinds.split(",") if given.kinds else list(KINDS)
    if unknown := [name for name in chosen if name not in KINDS]:
        parser.error(f"no such kinds: {', '.join(unknown)}; there are {', '.join(KINDS)}")
    steps = schedule(given.injections, given.seed, chosen)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    print(f"{given.injections} injections of {len(chosen)} kinds; logs are in {folder / 'data' / 'logs'}")
    outcome = asyncio.run(
        campaign(
            folder, steps, given.seed, rate=given.rate, check_every=given.check_every, minutes=given.minutes,
            say=lambda line: print(line, flush=True),
        )
    )  # fmt: skip
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "chaos.json").write_bytes(msgspec.json.format(msgspec.json.encode(outcome)))
    (given.out / "chaos.md").write_text(table := markdown(outcome.injections), encoding="utf-8")
    print(table)
    return int(any(injection.anomalies for injection in outcome.injections))


if __name__ == "__main__":
    sys.exit(main())
