"""`python -m tests.simulation --seeds 20000`: lives histories and says what was wrong; see docs/simulation.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.campaign import Failure, campaign, found, shortest_failing
from tests.simulation.protections import PROTECTIONS, slug
from tests.simulation.shrink import printed

SHRUNK = 5
"""Failing seeds of a run of which the shortest history is printed."""


def main() -> int:
    """Exit status 1 when a history fails, or when one does not where a protection is out."""
    options = _options()
    if options.protections:
        return _table(options.protections)
    began, done, processor = time.monotonic(), 0, 0.0
    failures: list[Failure] = []
    for progress in campaign(options.first, options.seeds, workers=options.workers, protection=options.protection):
        done, processor = done + progress.seeds, processor + progress.seconds
        failures += progress.failures
        for failure in progress.failures:
            print(f"\rseed {failure.seed}: {failure.anomalies[0].name}, {failure.anomalies[0].what}")
        print(f"\r{done:,} of {options.seeds:,} seeds, {len(failures):,} with an anomaly", end="", flush=True)
    passed = time.monotonic() - began
    print(f"\n{passed / done * 1000:,.0f} s for 1,000 seeds ({processor / done * 1000:,.0f} s of one core)")
    counts = Counter(name for failure in failures for name in {anomaly.name for anomaly in failure.anomalies})
    for name, times in counts.most_common():
        print(f"{name:12} {times:,}")
    for failure in failures[:SHRUNK] if options.shrink else ():
        print(f"\nseed {failure.seed}, the shortest history that fails so:")
        print(printed(shortest_failing(failure.seed, options.protection)))
    return bool(failures) != (options.protection is not None)


def _table(most: int) -> int:
    """Each protection taken out: after how many seeds it is found, and as what."""
    missed = 0
    print("| protection | keeps off | seeds until found | as |\n|---|---|--:|---|")
    for protection in PROTECTIONS:
        failure = found(protection, most)
        missed += failure is None
        seeds = f"> {most:,}" if failure is None else f"{failure.seed + 1:,}"
        names = "" if failure is None else ", ".join(sorted({anomaly.name for anomaly in failure.anomalies}))
        print(f"| {protection.name} | {protection.against} | {seeds} | {names} |", flush=True)
    return missed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="A simulated world, seed by seed.")
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--protection", choices=[slug(one) for one in PROTECTIONS], help="take this protection out")
    parser.add_argument("--protections", type=int, nargs="?", const=1_000, metavar="SEEDS",
                        help="take out each in turn, and print after how many seeds it is found")  # fmt: skip
    parser.add_argument("--no-shrink", dest="shrink", action="store_false", help="do not look for shorter histories")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
