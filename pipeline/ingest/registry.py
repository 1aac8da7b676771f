"""The networks by name, and what opens the agent of each.

A further network is a module beside this one with its `Agent`, a section in `pipeline/settings/ingest.py`, and an entry
here.  Modules are imported when their network is asked for: the command line stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.ingest.agent import Agent
    from pipeline.settings.ingest import IngestSettings


def _bluesky(settings: IngestSettings) -> Agent:
    from pipeline.ingest.networks.bluesky import BlueskyAgent

    return BlueskyAgent(settings.bluesky)


AGENTS: Mapping[str, Callable[[IngestSettings], Agent]] = {"bluesky": _bluesky}
"""Name → what opens the agent; the name is the beginning of every identifier of the network."""
