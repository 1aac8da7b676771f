"""The embedded broker, for the peer."""

from tests.support.brokers import embedded_broker

__all__ = ["embedded_broker"]
