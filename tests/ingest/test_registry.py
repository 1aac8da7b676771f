"""The networks that the commands know."""

from __future__ import annotations

import pytest

from pipeline.ingest.budget import Budget
from pipeline.ingest.registry import AGENTS
from pipeline.settings.ingest import IngestSettings
from pipeline.settings.networks import BudgetSettings


@pytest.mark.parametrize("name", AGENTS)
def test_each_network_has_a_section_with_a_budget_and_agents_of_its_name(name: str) -> None:
    settings = IngestSettings()
    assert isinstance(getattr(settings, name).budget, BudgetSettings)
    for agent in AGENTS[name](settings, Budget(name)):
        assert agent.network == name
        assert agent.name.split("/")[0] == name
