"""A feed (Atom) with conditional requests, as a wire of the conformance suite."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from html import escape
from ssl import SSLContext

from pipeline.ingest.agent import Agent
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.client import HttpClient
from pipeline.ingest.networks.feeds import FeedsAgent
from pipeline.settings.networks import FeedsSettings
from tests.ingest.conformance.web import POLLED, Reply, Request, WebWire
from tests.ingest.conformance.wire import Fault


class FeedsWire(WebWire):
    """The newest entries first, as many as there are, or those that the feed has not forgotten."""

    network = "feeds"
    faults = POLLED | {Fault.REPEAT, Fault.REORDER, Fault.AHEAD, Fault.BEHIND, Fault.TOO_OLD}
    empty = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>Empty</title></feed>'

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(tls)
        self.entries: list[tuple[str, datetime]] = []
        self._shift = 0.0
        self._form: Fault | None = None

    @staticmethod
    def agent(url: str) -> Agent:
        client = HttpClient(Budget("feeds"), allow_private=True, timeout=0.5)
        return FeedsAgent(FeedsSettings(urls=[f"{url}/feed.xml"], every=0.02), client)

    async def post(self, count: int) -> None:
        for _ in range(count):
            number = len(self.sent)
            at = datetime.fromtimestamp(time.time() + self._shift, UTC)
            self._shift = 0.0
            self.entries.append((f"tag:acme.example,2026:{number}", at))
            self.sent[f"feeds:tag:acme.example,2026:{number}"] = at

    async def inject(self, fault: Fault) -> None:
        if fault in (Fault.AHEAD, Fault.BEHIND):
            self._shift = 600.0 if fault is Fault.AHEAD else -600.0
        elif fault in (Fault.REPEAT, Fault.REORDER):
            self._form = fault
        elif fault is Fault.TOO_OLD:
            self.entries.clear()
        else:
            await super().inject(fault)

    def answer(self, request: Request) -> Reply:
        etag = f'"{len(self.sent)}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(b"", 304)
        entries = self.entries[::-1]
        if self._form is Fault.REPEAT:
            entries = [entry for entry in entries for _ in range(2)]
        elif self._form is Fault.REORDER:
            entries = entries[::2] + entries[1::2]
        body = "".join(
            f"<entry><id>{name}</id><title>Queue {escape(name)}</title><published>{at.isoformat()}</published>"
            f"<content type='html'>&lt;p&gt;Two hours.&lt;/p&gt;</content></entry>"
            for name, at in entries
        )
        document = f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>A</title>{body}</feed>"
        return Reply(document.encode(), 200, {"etag": etag})
