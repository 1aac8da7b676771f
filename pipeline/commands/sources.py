"""Sources of posts that can be named on the command line."""

from __future__ import annotations

from pipeline.ingest.registry import AGENTS

DEMO = "demo"
"""The simulated stream of invented companies."""

COMPANIES = "companies.yaml"
"""The catalogue of those companies, in the demonstration's data folder."""

NETWORKS = (*AGENTS, DEMO)
