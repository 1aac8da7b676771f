"""Serves the page until a signal."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import structlog
import uvicorn

from pipeline.detect.evidence.budget import promised
from pipeline.enrich.catalogue.watch_list import read_watch_list
from pipeline.errors import GroundswellError, TerminalError
from pipeline.index.load import open_index
from pipeline.index.trends import ComparedCompany
from pipeline.promise.verdicts import VerdictStore
from pipeline.settings.settings import Settings
from pipeline.web.app import create_app
from pipeline.web.security import LOOPBACK
from pipeline.web.status import read_status

log = structlog.get_logger()


class _Server(uvicorn.Server):
    """Ends in order on a signal; uvicorn's own would raise the signal once more, before the index is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, setattr, self, "should_exit", True)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def serve(settings: Settings, status: Callable[[], Mapping[str, Any]] | None = None) -> None:
    """Returns when the process is asked to end (SIGINT, SIGTERM).  Raises `TerminalError` when the port is taken.

    Without `status`, what is running is read from the data folder (see `status.py`).
    """
    host = settings.web.host
    listening = _listen(host, settings.web.port)
    index = open_index(settings)
    if not is_loopback(host):
        log.warning("the page has no log-in and listens beyond this machine", host=host)
    app = create_app(
        index,
        status or (lambda: read_status(settings.data)),
        acknowledgements=VerdictStore(settings.data),
        promise=promised(settings.detect),
        followed=lambda: _followed(settings),
        hosts={*LOOPBACK, f"[{host}]" if ":" in host else host},
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=100, timeout_keep_alive=15, timeout_graceful_shutdown=2, ws="none", lifespan="off",
    )  # fmt: skip
    log.info("page", address=f"http://{host}:{listening.getsockname()[1]}/")
    try:
        await _Server(config).serve(sockets=[listening])
    finally:
        listening.close()
        await index.close()


def _followed(settings: Settings) -> list[ComparedCompany]:
    """The companies of the watch list; a list that cannot be read is as good as none here."""
    try:
        watch_list = read_watch_list(settings.following)
    except GroundswellError as error:
        log.warning("list of followed companies not read", reason=str(error))
        return []
    return [ComparedCompany(company.id, company.name) for company in watch_list.companies] if watch_list else []


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise TerminalError(
            f"cannot listen ({error.strerror})", subject=f"page on {host}:{port}",
            todo="Set web.port to a free one, such as: groundswell --set web.port=8801 web",
        ) from error  # fmt: skip


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
