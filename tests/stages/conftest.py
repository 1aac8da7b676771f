"""The embedded broker, for the store that lives in a Kafka changelog."""

from tests.runtime.conftest import embedded_broker

__all__ = ["embedded_broker"]
