"""The agent for platforms that send to us, signed: Discourse, GitHub, and own messages.

Whoever sends is answered 200 only when Kafka has what was sent; anything else makes the sender try again later.  What
is sent again has the same identity, and is left out.  A source is a network of its own: its name begins its ids.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256

import msgspec
import structlog

from pipeline.contracts.decode import decode
from pipeline.errors import Malformed, SettingsError
from pipeline.ingest.agent import Checkpoint, DecodedFrame, Item, Receipt
from pipeline.ingest.http.server import HookServer, PostedRequest
from pipeline.ingest.networks import webhook_kinds
from pipeline.settings.networks import WebhookSettings, WebhookSource, secret_of

NETWORK = "webhook"
PREFIX = "/hooks/"
ANSWER_SECONDS = 20.0
"""Longest wait for Kafka before the sender is asked to try again."""

MAX_WAITING = 200
"""Requests that wait for Kafka at once; more are asked to try again."""

MIN_SECRET = 16
"""Fewest characters of a secret."""

_SIGNATURES = {
    "discourse": ("x-discourse-event-signature", "x-discourse-event"),
    "github": ("x-hub-signature-256", "x-github-event"),
    "posts": ("x-groundswell-signature", ""),
}
"""By kind the headers with the signature (``sha256=`` and the HMAC of the body) and the event."""

_KINDS: Mapping[str, Callable[[str, str, bytes, float], DecodedFrame]] = {
    "discourse": webhook_kinds.discourse,
    "github": webhook_kinds.github,
    "posts": webhook_kinds.posts,
}

log = structlog.get_logger()


class _HookFrame(msgspec.Struct):
    """A frame: the body as it came, and where from."""

    source: str
    kind: str
    event: str
    at: float
    body: str


_FRAME = msgspec.json.Decoder(_HookFrame)


class WebhookAgent:
    """Receives requests at ``/hooks/NAME`` for the sources of the settings."""

    name = network = NETWORK

    def __init__(self, settings: WebhookSettings) -> None:
        """Raises `SettingsError` for a source without a secret of sixteen characters."""
        self._settings = settings
        self._secrets = {name: _secret(name, source) for name, source in settings.sources.items()}
        self._queue: asyncio.Queue[tuple[bytes, asyncio.Future[None]]] = asyncio.Queue(MAX_WAITING)
        self.port = 0
        """The port in use, once it listens."""

    async def listen(self, since: Mapping[str, str]) -> AsyncGenerator[Item, None]:
        """Each request as a frame, followed by its receipt.  There are no positions: who sends keeps what was not
        accepted."""
        self._queue = asyncio.Queue(MAX_WAITING)
        loop = asyncio.get_running_loop()
        async with HookServer(self._settings.host, self._settings.port, self._respond) as server:
            self.port = server.port
            log.info("webhooks", address=f"http://{self._settings.host}:{server.port}{PREFIX}…")
            yield Checkpoint("listening")
            while True:
                frame, accepted = await self._queue.get()
                yield frame
                yield Receipt(partial(_accept_soon, loop, accepted))

    def read(self, frame: bytes) -> DecodedFrame:
        """What a request says, by its kind.  Raises `Malformed`."""
        found = decode(frame, _FRAME, limit=8_000_000)
        if found.kind not in _KINDS:
            raise Malformed("unknown_kind", f"kind is {found.kind[:40]!r}")
        return _KINDS[found.kind](found.source, found.event, found.body.encode(), found.at)

    async def _respond(self, request: PostedRequest) -> int:
        """The status of a request: 200 when what it brought is safe."""
        name = request.path.removeprefix(PREFIX) if request.path.startswith(PREFIX) else ""
        source = self._settings.sources.get(name)
        if source is None:
            return 404
        signature, event = _SIGNATURES[source.kind]
        if not signed(self._secrets[name], request.body, request.headers.get(signature, "")):
            log.warning("a webhook with a wrong signature", source=name)
            return 401
        try:
            body = request.body.decode()
        except UnicodeDecodeError:
            return 400
        frame = _HookFrame(name, source.kind, request.headers.get(event, "")[:80], time.time(), body)
        accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((msgspec.json.encode(frame), accepted))
        except asyncio.QueueFull:
            return 503
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await accepted
                return 200
        return 503


def signed(secret: bytes, body: bytes, signature: str) -> bool:
    """Whether a signature is that of a body; takes the same time whatever it is."""
    expected = f"sha256={hmac.new(secret, body, sha256).hexdigest()}"
    return hmac.compare_digest(expected.encode(), signature.strip().encode("utf-8", "replace"))


def _accept_soon(loop: asyncio.AbstractEventLoop, accepted: asyncio.Future[None]) -> None:
    """Called from the thread that publishes."""
    loop.call_soon_threadsafe(_accept, accepted)


def _accept(accepted: asyncio.Future[None]) -> None:
    if not accepted.done():
        accepted.set_result(None)


def _secret(name: str, source: WebhookSource) -> bytes:
    subject = f"ingest.webhook.sources.{name}.secret"
    text = secret_of(source.secret, source.secret_file, subject)
    if len(text) < MIN_SECRET:
        raise SettingsError(
            f"has fewer than {MIN_SECRET} characters", subject=subject,
            todo="Make one with: openssl rand -hex 32",
        )  # fmt: skip
    return text.encode()
