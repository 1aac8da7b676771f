"""The wires by network: one entry for each network that the commands know."""

from __future__ import annotations

from collections.abc import Mapping

from tests.ingest.conformance.wire import Wire
from tests.ingest.conformance.wires.bluesky import BlueskyWire
from tests.ingest.conformance.wires.hackernews import HackerNewsWire

WIRES: Mapping[str, type[Wire]] = {wire.network: wire for wire in (BlueskyWire, HackerNewsWire)}
