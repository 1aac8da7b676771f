"""The wires by name: at least one for each network that the commands know."""

from __future__ import annotations

from collections.abc import Mapping

from tests.ingest.conformance.wire import Wire
from tests.ingest.conformance.wires.bluesky import BlueskyV2Wire, BlueskyWire
from tests.ingest.conformance.wires.feeds import FeedsWire
from tests.ingest.conformance.wires.hackernews import HackerNewsWire
from tests.ingest.conformance.wires.mastodon import MastodonWire
from tests.ingest.conformance.wires.stackexchange import StackExchangeWire
from tests.ingest.conformance.wires.webhook import WebhookWire

WIRES: Mapping[str, type[Wire]] = {
    "bluesky": BlueskyWire,
    "bluesky-v2": BlueskyV2Wire,
    "feeds": FeedsWire,
    "hackernews": HackerNewsWire,
    "mastodon": MastodonWire,
    "stackexchange": StackExchangeWire,
    "webhook": WebhookWire,
}
