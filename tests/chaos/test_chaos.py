"""A short campaign on the real servers: ten faults of different kinds, and the ledger balances."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.campaign import campaign

FAULTS = (
    ("junk",), ("kill-detect",), ("clock-ahead", "elastic-503"), ("kill-pair",), ("kafka-killed",),
    ("clock-back", "elastic-cut"), ("term-alert",), ("state-deleted",),
)  # fmt: skip


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_ledger_balances_after_faults_of_many_kinds(tmp_path: Path) -> None:
    outcome = await campaign(tmp_path, FAULTS, seed=7, check_every=4)
    assert [anomaly for injection in outcome.injections for anomaly in injection.anomalies] == []
    assert [injection.kind for injection in outcome.injections] == [name for step in FAULTS for name in step]
    sums = outcome.balance
    assert sums is not None
    assert sums.sent == sums.indexed + sums.erased + sums.letters
    assert sums.incidents > 0
    assert sums.letters > 0
