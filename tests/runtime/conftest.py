"""The embedded broker, for tests that need Kafka's protocol."""

from tests.support.brokers import embedded_broker

__all__ = ["embedded_broker"]
