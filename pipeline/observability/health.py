"""Serves `/metrics` and `/healthz` on a port and in a thread of their own.

They answer while the event loop is busy.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app

from pipeline.errors import TerminalError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names by which a machine calls itself."""


def answers_to(header: str, listens: str) -> bool:
    """Whether a request with this Host header is for us: no web page may read us under a name of its own.

    On loopback only loopback's names are.  Elsewhere also addresses, names without a dot and those that end in
    ``.local`` or ``.internal`` (the services of Compose and of a cluster): public names have neither.
    """
    name, colon, port = header.lower().rpartition(":")
    name = name if colon and port.isdigit() else header.lower()
    if name in (*LOOPBACK, listens):
        return True
    if listens in (*LOOPBACK, "::1"):
        return False
    return "." not in name or name.endswith((".local", ".internal")) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class _Quiet(WSGIRequestHandler):
    timeout = 5  # seconds: a client that says nothing does not keep the server busy

    def log_message(self, format: str, *args: Any) -> None:
        return


class HealthServer:
    """Serves until `close`.  `healthy` gives (ok, details) and must be safe to call from another thread."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        healthy: Callable[[], tuple[bool, dict[str, object]]],
    ) -> None:
        metrics = make_wsgi_app(registry)

        def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            if not answers_to(environ.get("HTTP_HOST", ""), host):
                start("421 Misdirected Request", [("Content-Type", "text/plain")])
                return [b"This page does not answer to that name.\n"]
            path = environ.get("PATH_INFO", "")
            if path == "/metrics":
                answer: Iterable[bytes] = metrics(environ, start)
                return answer
            if path != "/healthz":
                start("404 Not Found", [("Content-Type", "text/plain")])
                return [b"/metrics or /healthz\n"]
            ok, details = healthy()
            start("200 OK" if ok else "503 Service Unavailable", [("Content-Type", "application/json")])
            return [json.dumps({"ok": ok, **details}).encode() + b"\n"]

        try:
            self._server: WSGIServer = make_server(host, port, app, handler_class=_Quiet)
        except OSError as error:
            raise TerminalError(
                f"cannot listen: {error.strerror}",
                subject=f"metrics on {host}:{port}",
                todo="Set metrics.port to a free port, or to 0 for any",
            ) from error
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
