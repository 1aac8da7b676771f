"""What is shown of a process was asked of it a moment ago."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from pipeline.runtime.process.services import ask_services, health_of, state_of
from pipeline.runtime.process.supervisor import Child, last_words

QUIET = '{"event": "worker running", "level": "info"}\n'


@pytest.fixture
def health() -> Iterator[tuple[str, dict[str, Any]]]:
    """A health page and what it answers."""
    answer: dict[str, Any] = {"ok": True, "ready": True, "lag": 3, "waiting_for": None, "stuck_seconds": 0.0}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if answer["ok"] else 503)
            self.end_headers()
            self.wfile.write(msgspec.json.encode(answer))

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    server.server_close()


def running(name: str) -> Child:
    child = Child(name, [])
    child.process = SimpleNamespace(returncode=None)  # type: ignore[assignment]
    return child


async def test_each_state_is_told_apart(health: tuple[str, dict[str, Any]]) -> None:
    address, answer = health
    ended = running("alert")
    ended.process = SimpleNamespace(returncode=70)  # type: ignore[assignment]
    ended.status, ended.last_error = 70, "disk I/O error"
    children = {c.name: c for c in (running("enrich"), running("web"), running("index"), ended, Child("detect", []))}
    addresses = {"enrich": address, "index": "http://127.0.0.1:9"}
    found = {service.name: service for service in await ask_services(children, addresses)}
    assert (found["enrich"].state, found["enrich"].detail) == ("running", "")
    assert found["web"].state == "running"
    assert (found["index"].state, found["index"].detail) == ("silent", "no answer (ConnectError)")
    assert (found["alert"].state, found["alert"].detail) == ("restarting", "ended with status 70: disk I/O error")
    assert found["detect"].state == "starting"
    answer |= {"waiting_for": "broker", "waiting_seconds": 40}
    assert (await ask_services(children, addresses))[0].detail == "for broker since 40 s"


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ({"ok": True, "ready": False}, "starting", ""),
        ({"ok": True, "ready": True, "lag": 7_000}, "behind", "7,000 records"),
        ({"ok": False, "lag": 9, "stuck_seconds": 130.0}, "stuck", "no progress for 130 s, 9 records behind"),
        ({"ok": False, "lag": 9, "waiting_for": "broker"}, "stuck", "waits for broker, 9 records behind"),
    ],
)
def test_words_of_a_health_page(answer: dict[str, Any], state: str, words: str) -> None:
    assert state_of(answer) == (state, words)


async def test_whoever_does_not_answer_is_said_to_be_silent() -> None:
    assert await health_of("http://127.0.0.1:9") == "no answer (ConnectError)"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (QUIET, ""),
        (f'{QUIET}{{"event": "no room", "level": "error", "error": "disk full"}}\n{QUIET}', "no room disk full"),
        ("groundswell: page on 127.0.0.1:8800: cannot listen\n", "groundswell: page on 127.0.0.1:8800: cannot listen"),
        ("Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no\n", "ValueError: no"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_last_words_of_a_log(tmp_path: Path, log: str, words: str) -> None:
    (tmp_path / "web.log").write_text(log)
    assert last_words(tmp_path / "web.log") == words
    assert last_words(tmp_path / "none.log") == ""
