"""Serves `/metrics` and `/healthz` on a port and in a thread of their own.

They answer while the event loop is busy.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app

from pipeline.errors import TerminalError


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
