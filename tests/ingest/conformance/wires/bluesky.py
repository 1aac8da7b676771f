"""Jetstream as wires of the conformance suite."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Any, Self

from pipeline.ingest.agent import Agent
from pipeline.ingest.networks.bluesky import BlueskyAgent
from pipeline.settings.networks import BlueskySettings
from tests.ingest.conformance.jetstream import Behaviour, Jetstream, event, post_id
from tests.ingest.conformance.wire import REST, Fault, Wire


class BlueskyWire(Wire):
    """Events come at the times at which they are posted."""

    network = "bluesky"
    faults = frozenset(Fault)
    v2 = False

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(tls)
        self._server = Jetstream([], tls=tls, asked_at=self.asked_at, v2=self.v2)
        self._latest = 0
        self._shift = 0

    @property
    def url(self) -> str:
        return self._server.url

    @staticmethod
    def agent(url: str) -> Agent:
        return BlueskyAgent(BlueskySettings(url=url, rewind=0.5, stall=1.0, replayed=0.0))

    async def post(self, count: int) -> None:
        events: list[dict[str, Any]] = []
        for _ in range(count):
            number = len(self.sent)
            at = max(self._latest + 100, int(time.time() * 1e6))
            self._latest = at
            if len(events) == count - 1:
                at, self._shift = at + self._shift, 0
            self.sent[post_id(number)] = datetime.fromtimestamp(at / 1e6, UTC)
            events.append(event(number, at))
        await self._server.add(events)

    async def inject(self, fault: Fault) -> None:
        waiting = {
            Fault.DROP: Behaviour(drop_after=2),
            Fault.REPEAT: Behaviour(repeat_every=1),
            Fault.REORDER: Behaviour(reorder=True),
            Fault.STALL: Behaviour(stall_after=2),
            Fault.BUSY: Behaviour(status=429, headers={"Retry-After": str(REST)}),
            Fault.BUSY_SILENT: Behaviour(status=429),
            Fault.ERROR: Behaviour(status=500),
            Fault.MALFORMED: Behaviour(before={len(self.sent): b'{"did":"did:plc:x","time_us":"now"'}),
            Fault.EMPTY: Behaviour(close_after=0),
            Fault.SLOW: Behaviour(close_after=2),
        }
        if fault in (Fault.AHEAD, Fault.BEHIND):
            self._shift = 120_000_000 if fault is Fault.AHEAD else -120_000_000
            return
        if fault is Fault.TOO_OLD:
            self._server.oldest = self._latest + 1
        else:
            if fault is Fault.BUSY:
                self.busy_at = time.monotonic() + 0.1  # about when the agent comes again
            self._server.behaviours.append(waiting[fault])
        self._server.cut()

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.__aexit__()


class BlueskyV2Wire(BlueskyWire):
    """The same over version 2."""

    v2 = True
