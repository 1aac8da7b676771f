"""Serves the page until told to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvicorn

from pipeline.alert.acknowledgements import Acknowledgements
from pipeline.index.load import open_index
from pipeline.settings import Settings
from pipeline.web.app import create_app
from pipeline.web.security import LOOPBACK

log = structlog.get_logger()

STATUS_FILE = "status.json"
"""What is running, as whoever runs it writes it into the data folder."""

MAX_STATUS = 1_000_000


async def serve(settings: Settings, status: Callable[[], Mapping[str, Any]] | None = None) -> None:
    """Returns when the process is asked to end (SIGINT, SIGTERM).

    Without `status`, what is running is read from `STATUS_FILE` in the data folder.
    """
    index = open_index(settings)
    host, port = settings.web.host, settings.web.port
    if not is_loopback(host):
        log.warning("the page has no log-in and listens beyond this machine", host=host)
    app = create_app(
        index,
        status or (lambda: read_status(settings.data / STATUS_FILE)),
        acknowledgements=Acknowledgements(settings.data),
        hosts={*LOOPBACK, f"[{host}]" if ":" in host else host},
    )
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=100, timeout_keep_alive=15, timeout_graceful_shutdown=2, ws="none", lifespan="off",
    )  # fmt: skip
    try:
        await uvicorn.Server(config).serve()
    finally:
        await index.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_status(path: Path) -> Mapping[str, Any]:
    """What the file says, or nothing when it is not there or half written."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MAX_STATUS), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}
