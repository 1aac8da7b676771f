"""The embedded broker, for the peer."""

from tests.runtime.conftest import embedded_broker

__all__ = ["embedded_broker"]
