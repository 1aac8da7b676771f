"""A forum that sends to us as Discourse does, until it is accepted, as a wire of the conformance suite."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from ssl import SSLContext
from typing import Any, Self

from pipeline.ingest.agent import Agent
from pipeline.ingest.networks.webhook import WebhookAgent
from pipeline.settings.networks import WebhookSettings
from tests.ingest.conformance.wire import Fault, Wire

SECRET = "of this test alone"
HEADER = "X-Discourse-Event-Signature"


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


async def send(
    port: int, body: bytes, headers: Mapping[str, str] = {}, *, path: str = "/hooks/forum", cut: int | None = None
) -> int:
    """POST once; gives the status, 0 when the connection breaks off.  With `cut` only so much of the body goes out."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode() + body[:cut])
            await writer.drain()
            if cut is not None:
                return 0
            async with asyncio.timeout(5):
                line = await reader.readline()
            return int(line.split()[1]) if line else 0
        finally:
            writer.close()
    except (OSError, TimeoutError):
        return 0


class WebhookWire(Wire):
    """Every post of one topic; the sender tries again until the answer is 200."""

    network = "webhook"
    serves = False
    faults = frozenset({Fault.DROP, Fault.STALL, Fault.REPEAT, Fault.REORDER, Fault.MALFORMED})

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(tls)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._sending: set[asyncio.Task[None]] = set()
        self._form: Fault | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def agent(url: str) -> Agent:
        port = int(url.rpartition(":")[2])
        sources = {"forum": {"kind": "discourse", "secret": SECRET}}
        return WebhookAgent(WebhookSettings(port=port, sources=sources))  # type: ignore[arg-type]

    async def post(self, count: int) -> None:
        for _ in range(count):
            number = len(self.sent) + 1
            at = datetime.fromtimestamp(time.time(), UTC)
            self.sent[f"forum:t7/{number}"] = at
            times = 2 if self._form is Fault.REPEAT else 1
            for _ in range(times):
                self._go(self._until_accepted(self.body(number, at)))
            if self._form is not Fault.REORDER:
                await asyncio.sleep(0)

    @staticmethod
    def body(number: int, at: datetime, **changes: Any) -> bytes:
        post = {
            "id": 100 + number, "topic_id": 7, "post_number": number, "username": "ann", "name": "Ann",
            "created_at": at.isoformat(), "updated_at": at.isoformat(), "cooked": f"<p>Queue {number}</p>", **changes,
        }  # fmt: skip
        return json.dumps({"post": post}).encode()

    async def inject(self, fault: Fault) -> None:
        body = self.body(999, datetime.now(UTC))
        if fault in (Fault.DROP, Fault.STALL):
            await send(self.port, body, self._headers(body), cut=len(body) // 2)
        elif fault is Fault.MALFORMED:
            garbage = b'{"post": {"id": '
            await send(self.port, garbage, self._headers(garbage))
            await send(self.port, body, self._headers(body) | {HEADER: "sha256=0"})
        else:
            self._form = fault

    @staticmethod
    def _headers(body: bytes) -> dict[str, str]:
        return {HEADER: signature(body), "X-Discourse-Event": "post_created"}

    def _go(self, sending: Any) -> None:
        task = asyncio.create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _until_accepted(self, body: bytes) -> None:
        while await send(self.port, body, self._headers(body)) != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._sending):
            task.cancel()
