"""Sources of posts that can be named on the command line."""

from __future__ import annotations

DEMO = "demo"
"""The simulated stream of invented companies."""

NETWORKS = ("bluesky", DEMO)
