"""What the attacks are held against: each crisis is paged by itself, and a quiet month is not."""

from __future__ import annotations

import pytest

from tests.attacks.crises import CRISES, WEEK, Crisis, ordinary
from tests.attacks.verdict import paged


@pytest.mark.parametrize("crisis", CRISES)
def test_each_crisis_is_paged_under_its_own_name(crisis: Crisis) -> None:
    verdict = paged(ordinary(WEEK), crisis())
    assert verdict is not None
    assert (verdict.kind, verdict.stands, verdict.reasons) == (crisis.__name__, True, ())
    assert verdict.severity >= 3


def test_a_quiet_month_is_not() -> None:
    assert paged(ordinary(30.0)) is None
