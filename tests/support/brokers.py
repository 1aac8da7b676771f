"""The embedded broker, for tests that need Kafka's protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker


@pytest.fixture
def embedded_broker() -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker()
    yield broker
    broker.close()
