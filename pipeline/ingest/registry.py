"""The networks by name, and what opens the agents of each.

A further network is a module in `pipeline/ingest/networks/` with its `Agent`, a section in
`pipeline/settings/networks.py`, and an entry here.  Modules are imported when their network is asked for: the command
line stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.ingest.agent import Agent
    from pipeline.ingest.budget import Budget
    from pipeline.ingest.http.client import HttpClient
    from pipeline.settings.ingest import IngestSettings


def _bluesky(settings: IngestSettings, budget: Budget) -> Sequence[Agent]:
    from pipeline.ingest.networks.bluesky import BlueskyAgent

    return [BlueskyAgent(settings.bluesky, budget)]


def _feeds(settings: IngestSettings, budget: Budget) -> Sequence[Agent]:
    from pipeline.ingest.networks.feeds import FeedsAgent

    return [FeedsAgent(settings.feeds, _http(settings, budget))] if settings.feeds.urls else []


def _hackernews(settings: IngestSettings, budget: Budget) -> Sequence[Agent]:
    from pipeline.ingest.networks.hackernews import HackerNewsAgent

    return [HackerNewsAgent(settings.hackernews, _http(settings, budget))]


def _mastodon(settings: IngestSettings, budget: Budget) -> Sequence[Agent]:
    from pipeline.ingest.networks.mastodon import MastodonAgent
    from pipeline.settings.networks import secret_of

    agents = []
    for host, server in settings.mastodon.servers.items():
        token = secret_of(server.token, server.token_file, f"ingest.mastodon.servers.{host}.token")
        agents.append(MastodonAgent(host, server, _http(settings, budget), token))
    return agents


def _stackexchange(settings: IngestSettings, budget: Budget) -> Sequence[Agent]:
    from pipeline.ingest.networks.stackexchange.agent import StackExchangeAgent

    named = settings.stackexchange
    return [StackExchangeAgent(named, _http(settings, budget))] if named.watch else []


def _webhook(settings: IngestSettings, budget: Budget) -> Sequence[Agent]:
    from pipeline.ingest.networks.webhook import WebhookAgent

    return [WebhookAgent(settings.webhook)] if settings.webhook.sources else []


def _http(settings: IngestSettings, budget: Budget) -> HttpClient:
    from pipeline.ingest.http.client import HttpClient

    return HttpClient(budget, contact=settings.contact, allow_private=settings.allow_private)


AGENTS: Mapping[str, Callable[[IngestSettings, Budget], Sequence[Agent]]] = {
    "bluesky": _bluesky,
    "feeds": _feeds,
    "hackernews": _hackernews,
    "mastodon": _mastodon,
    "stackexchange": _stackexchange,
    "webhook": _webhook,
}
"""Name → what opens the agents: one, or one for each server; the name is the beginning of every identifier of the
network, and that of its section in the settings."""

RECEIVING = frozenset({"webhook"})
"""Networks that connect to us, and not we to them."""
