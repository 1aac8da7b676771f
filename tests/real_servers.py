"""The real Kafka and Elasticsearch, as tests get to know them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from deploy.local.servers import RealServers, own_kafka


@dataclass(frozen=True)
class RealKafka:
    """A running broker."""

    bootstrap: str


@dataclass(frozen=True)
class RealElasticsearch:
    """A running node; the password does not show when a test fails."""

    url: str
    username: str
    password: str = field(repr=False)


@pytest.fixture(scope="session")
def real_servers() -> Iterator[RealServers]:
    """Both servers, shared by the session and with whatever else runs from this checkout; ended by their last user."""
    with RealServers() as servers:
        yield servers


@pytest.fixture(scope="session")
def real_kafka(real_servers: RealServers) -> RealKafka:
    """A shared broker: use topics and groups from `unique_name`."""
    return RealKafka(real_servers.bootstrap)


@pytest.fixture(scope="session")
def real_elasticsearch(real_servers: RealServers) -> RealElasticsearch:
    """A shared node: set the index prefix to a `unique_name`."""
    return RealElasticsearch(real_servers.url, real_servers.username, real_servers.password)


@pytest.fixture
def fresh_kafka() -> Iterator[RealKafka]:
    """An empty broker of this test's own (about five seconds): for the topics' real names, and for doing it harm."""
    with own_kafka() as kafka:
        yield RealKafka(kafka.bootstrap)


@pytest.fixture
def unique_name() -> Callable[[str], str]:
    """Names that no other test has: ``unique_name("posts")`` gives ``posts-3f9a1c20``; fit for topics, consumer groups
    and index prefixes."""
    return lambda name: f"{name}-{secrets.token_hex(4)}"
