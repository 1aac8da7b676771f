"""The kinds of faults, by name."""

from __future__ import annotations

from tests.chaos.kinds.kind import Kind
from tests.chaos.kinds.network import NETWORK
from tests.chaos.kinds.outside import OUTSIDE
from tests.chaos.kinds.servers import SERVERS
from tests.chaos.kinds.topics import TOPICS
from tests.chaos.kinds.workers import WORKERS

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*WORKERS, *SERVERS, *NETWORK, *TOPICS, *OUTSIDE)}
