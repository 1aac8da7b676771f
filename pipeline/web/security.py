"""Security of the page: checks of every request, headers of every answer.

The page shows text that anybody on the internet may have written, next to data of the company.  So: nothing inline and
nothing foreign may run, load or frame it, it answers only to names that it is known by (a foreign name that resolves to
127.0.0.1 is DNS rebinding), and it only ever reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
MAX_QUERY = 4_096
"""Bytes of a query string."""

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guarded:
    """Refuses what should not be asked, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = LOOPBACK) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # no WebSockets here

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        host = Headers(scope=scope).get("host", "").lower()
        if host_name(host) not in self._hosts:
            return PlainTextResponse("This page does not answer to that name.\n", 421)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("This page can only be read.\n", 405, {"allow": "GET, HEAD"})
        if len(scope["query_string"]) > MAX_QUERY:
            return PlainTextResponse("The question is too long.\n", 414)
        return None


def host_name(header: str) -> str:
    """The name in a Host header, without its port.

    >>> host_name("localhost:8800"), host_name("[::1]:8800")
    ('localhost', '[::1]')
    """
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdigit() else header
