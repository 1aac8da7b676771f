"""A budget of a network and day is never overrun, over any number of restarts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.ingest.budget import Budget, BudgetSpent
from pipeline.ingest.cursor import CursorStore
from pipeline.settings.networks import BudgetSettings
from pipeline.settings.settings import load

EVENING = datetime(2026, 3, 14, 23, 0, tzinfo=UTC).timestamp()


def test_what_would_be_too_much_is_refused_until_midnight() -> None:
    budget = Budget("test", BudgetSettings(requests=3), clock=lambda: EVENING)
    for _ in range(3):
        budget.spend("requests")
    with pytest.raises(
        BudgetSpent, match=r"the day's budget of 3 requests is spent.*ingest\.test\.budget\.requests"
    ) as caught:
        budget.spend("requests")
    assert caught.value.after == 3_600.0
    budget.spend("posts", 1e9)
    assert budget.left() == {"requests": 0.0}


def test_a_new_day_has_a_new_budget() -> None:
    now = [EVENING]
    budget = Budget("test", BudgetSettings(money=1.0), clock=lambda: now[0])
    budget.spend("money", 1.0)
    now[0] += 3_600.0
    budget.spend("money", 0.25)
    assert budget.left() == {"money": 0.75}
    now[0] -= 7_200.0
    with pytest.raises(BudgetSpent):
        budget.spend("money", 0.8)


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 300))
def test_restarts_never_give_back_what_was_spent(amounts: list[int], limit: int) -> None:
    with CursorStore(Path(":memory:")) as store:
        spent = 0
        for amount in amounts:  # each in a process of its own
            budget = Budget("test", BudgetSettings(bytes=limit), store, clock=lambda: EVENING)
            try:
                budget.spend("bytes", amount)
            except BudgetSpent:
                continue
            spent += amount
            assert spent <= limit
            assert limit - spent - budget.left()["bytes"] <= len(amounts) * (limit / 100 + 1e-6)


def test_budgets_are_settings_of_their_network() -> None:
    settings = load(ingest={"hackernews": {"budget": {"requests": 50_000}}})
    assert settings.ingest.hackernews.budget.requests == 50_000
    with pytest.raises(SettingsError, match=r"ingest\.bluesky\.budget\.post"):
        load(ingest={"bluesky": {"budget": {"post": 1}}})
