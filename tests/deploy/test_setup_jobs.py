"""The set-up jobs of docker-compose.yml, against a server that writes down what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

JOBS = Path(__file__).parents[2] / "deploy" / "compose"
PASSWORDS = {
    "ELASTIC_PASSWORD": "elastic-password-1",
    "KIBANA_PASSWORD": "kibana-password-2",
    "GROUNDSWELL_PASSWORD": "worker-password-3",
}


class Request(NamedTuple):
    """What was asked, by whom, with which body."""

    line: str
    user: str
    body: bytes
    forged: str


class Server(NamedTuple):
    """A server on loopback; `answer` (status, body) is what it says to everything."""

    url: str
    requests: list[Request]
    answer: list[tuple[int, bytes]]


@pytest.fixture
def server() -> Iterator[Server]:
    requests: list[Request] = []
    answer = [(200, b'{"success":true}')]

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            user = b64decode(self.headers["authorization"].split()[1]).decode()
            requests.append(Request(f"{self.command} {self.path}", user, body, self.headers.get("kbn-xsrf", "")))
            self.send_response(answer[0][0])
            self.end_headers()
            self.wfile.write(answer[0][1])

        do_POST = do_PUT = _any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield Server(f"http://127.0.0.1:{http.server_port}", requests, answer)
    http.shutdown()
    http.server_close()


def run(job: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], **PASSWORDS, **environment}
    return subprocess.run(["bash", JOBS / job], env=given, capture_output=True, text=True, check=False, timeout=30)


def test_accounts_are_made_with_no_more_rights_than_needed(server: Server) -> None:
    done = run("users.sh", ELASTICSEARCH_URL=server.url)
    assert done.returncode == 0, done.stderr
    asked = {request.line: json.loads(request.body) for request in server.requests}
    assert asked == {
        "POST /_security/user/kibana_system/_password": {"password": "kibana-password-2"},
        "PUT /_security/role/groundswell": {
            "cluster": ["monitor", "manage_index_templates"],
            "indices": [{"names": ["groundswell*"], "privileges": ["all"]}],
        },
        "PUT /_security/user/groundswell": {"password": "worker-password-3", "roles": ["groundswell"]},
    }
    assert {request.user for request in server.requests} == {"elastic:elastic-password-1"}
    assert not any(password in done.stdout + done.stderr for password in PASSWORDS.values())


def test_a_refusal_ends_the_job_and_is_shown(server: Server) -> None:
    server.answer[0] = (400, b'{"error":"no such user"}')
    done = run("users.sh", ELASTICSEARCH_URL=server.url)
    assert done.returncode == 1
    assert "no such user" in done.stderr


@pytest.mark.parametrize("password", ["short", 'with"quote-and-more', "with space and more", "$(reboot)--------"])
def test_a_password_that_could_be_misread_is_refused(server: Server, password: str) -> None:
    done = run("users.sh", ELASTICSEARCH_URL=server.url, GROUNDSWELL_PASSWORD=password)
    assert done.returncode == 1
    assert "letters, digits" in done.stderr
    assert server.requests == []


def test_dashboards_are_imported(server: Server) -> None:
    objects = JOBS.parent / "kibana" / "groundswell.ndjson"
    done = run("dashboards.sh", KIBANA_URL=server.url, OBJECTS=str(objects))
    assert done.returncode == 0, done.stderr
    (request,) = server.requests
    assert request.line == "POST /api/saved_objects/_import?overwrite=true"
    assert request.forged == "true"
    assert objects.read_bytes() in request.body


def test_dashboards_that_kibana_does_not_take_end_the_job(server: Server) -> None:
    server.answer[0] = (200, b'{"success":false,"errors":[{"id":"x"}]}')
    done = run("dashboards.sh", KIBANA_URL=server.url, OBJECTS=str(JOBS.parent / "kibana" / "groundswell.ndjson"))
    assert done.returncode == 1
    assert '"errors"' in done.stderr
