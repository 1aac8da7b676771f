"""Histories without an anomaly, the same ones every time; a protection that is out is noticed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.campaign import campaign, found, shortest_failing
from tests.simulation.counterexamples import COUNTEREXAMPLES
from tests.simulation.protections import PROTECTIONS
from tests.simulation.regressions import REGRESSIONS, Regression
from tests.simulation.run import lived
from tests.simulation.shrink import printed
from tests.simulation.workload import made

QUICK = 6
SEEDS = 300


def _run(code: str, environment: dict[str, str]) -> str:
    """What a program prints in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True, text=True).stdout


def _report(first: int, seeds: int) -> str:
    """What failed, each with the shortest history that fails so; empty when nothing did."""
    failures = [failure for progress in campaign(first, seeds) for failure in progress.failures]
    return "\n".join(
        f"seed {failure.seed}: {failure.anomalies[0].name}, {failure.anomalies[0].what}\n"
        f"{printed(shortest_failing(failure.seed))}"
        for failure in failures[:3]
    )


def test_a_few_histories_have_no_anomaly() -> None:
    assert not _report(0, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_histories_have_no_anomaly() -> None:
    assert not _report(QUICK, SEEDS - QUICK)


@pytest.mark.parametrize("regression", REGRESSIONS, ids=[one.name for one in REGRESSIONS])
def test_what_failed_once_does_not_fail_again(regression: Regression) -> None:
    assert regression.anomaly not in lived(regression.history).names


def test_a_protection_that_is_out_is_missed() -> None:
    code = "from tests.simulation.counterexamples import missed; print(*missed(), sep='\\n')"
    assert set(_run(code, {"GROUNDSWELL_PURE": "1"}).splitlines()) == set(COUNTEREXAMPLES)


def test_a_history_is_the_same_in_every_process() -> None:
    """Whatever the order of sets, which another seed of hashes changes."""
    code = "from tests.simulation.run import lived; from tests.simulation.workload import made; "
    code += "outcome = lived(made(17)); print(outcome.notes, outcome.seconds)"
    runs = [_run(code, {"PYTHONHASHSEED": hash_seed}) for hash_seed in ("1", "2")]
    outcome = lived(made(17))
    assert runs == [f"{outcome.notes} {outcome.seconds}\n"] * 2


def test_a_failing_history_is_cut_down_to_what_it_takes() -> None:
    protection = next(one for one in PROTECTIONS if one.name == "remembered deletions")
    failure = found(protection, 40)
    assert failure is not None
    shortest = shortest_failing(failure.seed, "remembered-deletions-out")
    assert len(shortest.inputs) <= 3
    assert not shortest.faults
    assert "Delete" in printed(shortest)
