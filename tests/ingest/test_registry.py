"""The networks that the commands know."""

from __future__ import annotations

import pytest

from pipeline.ingest.registry import AGENTS
from pipeline.settings.ingest import IngestSettings


@pytest.mark.parametrize("name", AGENTS)
def test_each_network_opens_the_agent_of_its_name(name: str) -> None:
    assert AGENTS[name](IngestSettings()).name == name
