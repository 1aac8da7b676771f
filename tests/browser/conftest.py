"""The page in a real, headless Chromium."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from pipeline.index.protocol import Document
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.web.app import create_app
from tests import availability
from tests.web.story import afternoon, now, running

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1440,1100",
)  # fmt: skip

T = TypeVar("T")


class _Announced(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: threading.Event) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()


class Live:
    """The page on a free port of the loopback, over an index of its own, in a thread."""

    def __init__(self, folder: Path) -> None:
        self.index = SqliteIndex(folder / "index.sqlite")
        self.status = dict(running())
        config = uvicorn.Config(
            create_app(self.index, lambda: self.status),
            host="127.0.0.1",
            port=0,
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        self._started = threading.Event()
        self._server = _Announced(config, self._started)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Live:
        self._thread.start()
        assert self._started.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def write(self, *documents: Document) -> None:
        """Put documents into the index while the page is being looked at."""
        self.do(self.index.write(documents))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        await self.index.setup()
        await self._server.serve()
        await self.index.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """The page on a full afternoon."""
    with Live(tmp_path) as page:
        page.write(*afternoon(now()))
        yield page


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One browser for all tests, with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = availability.browser() or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(availability.browser_driver()))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


class Visitor:
    """Somebody who looks at the page."""

    def __init__(self, driver: webdriver.Chrome, live: Live) -> None:
        self.driver = driver
        self.live = live

    def open(self, path: str = "/") -> None:
        """Go there, and wait until the page has begun to refresh itself."""
        self.driver.get("about:blank")
        self.complaints()  # those of an earlier page
        self.driver.get(self.live.url + path)
        self.until("document.getElementById('live').dataset.state === 'on'")

    def until(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds."""
        WebDriverWait(self.driver, 20, 0.05).until(lambda d: d.execute_script(f"return !!({condition})"))

    def js(self, expression: str) -> Any:
        return self.driver.execute_script(f"return ({expression})")

    def text(self, selector: str = "body") -> str:
        return str(self.js(f"document.querySelector({selector!r}).innerText"))

    def complaints(self) -> list[str]:
        """Errors in the browser's console: scripts that failed, things that the policy blocked."""
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture
def visitor(chromium: webdriver.Chrome, live: Live) -> Visitor:
    return Visitor(chromium, live)
