"""The real Kafka and Elasticsearch on this machine, without Docker, for tests.

``python -m deploy.local up`` fetches both from Maven Central (once), starts them on free loopback ports with a fresh
password, and writes ``.real/env`` with the settings to export; ``down`` stops them.
"""

from deploy.local.servers import RealServers

__all__ = ["RealServers"]
