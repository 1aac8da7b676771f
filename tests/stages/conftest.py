"""The embedded broker, for the store that lives in a Kafka changelog."""

from tests.support.brokers import embedded_broker

__all__ = ["embedded_broker"]
