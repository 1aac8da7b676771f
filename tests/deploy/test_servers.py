"""Who starts, shares and stops the servers: with stand-ins for the servers themselves."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local import elasticsearch, kafka, servers, state
from deploy.local.__main__ import main
from deploy.local.download import Distribution
from deploy.local.process import Process, remember
from deploy.local.servers import RealServers, down, own_kafka, status, up
from deploy.local.state import Servers
from pipeline.errors import TerminalError

PASSWORD = "correct-horse"


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Servers]]:
    """Stand-ins: starting the servers starts a process that sleeps; gives what was started."""
    made: list[Servers] = []
    children: list[subprocess.Popen[bytes]] = []

    def start(base: Path) -> Servers:
        child = subprocess.Popen(["sleep", "60"])
        children.append(child)
        process = remember("Kafka", child.pid)
        assert process is not None
        folder = base / f"run-{len(made)}"
        folder.mkdir()
        made.append(
            Servers(
                bootstrap="127.0.0.1:1",
                url="http://127.0.0.1:2",
                username="elastic",
                password=PASSWORD,
                folder=str(folder),
                processes=[process],
            )
        )
        return made[-1]

    monkeypatch.setattr(servers, "_start", start)
    monkeypatch.setattr(kafka, "ready", lambda bootstrap: True)
    monkeypatch.setattr(elasticsearch, "ready", lambda url, password: True)
    yield made
    for child in children:
        child.kill()
        child.wait()


def test_up_twice_starts_once(started: list[Servers], tmp_path: Path) -> None:
    first, fresh = up(tmp_path)
    second, fresh_again = up(tmp_path)
    assert (fresh, fresh_again) == (True, False)
    assert first.processes == second.processes
    assert len(started) == 1


def test_down_stops_by_id_and_leaves_nothing(started: list[Servers], tmp_path: Path) -> None:
    running, _ = up(tmp_path)
    assert down(tmp_path) == (running.processes, [])
    assert not running.running
    assert {path.name for path in tmp_path.iterdir()} == {"lock"}
    assert down(tmp_path) == ([], [])


def test_down_leaves_servers_in_use_to_their_last_user(started: list[Servers], tmp_path: Path) -> None:
    up(tmp_path)
    with RealServers(tmp_path):
        stopped, users = down(tmp_path)
        assert stopped == []
        assert [user.pid for user in users] == [os.getpid()]
        assert started[0].running
    assert not started[0].running


def test_down_by_force_stops_servers_in_use(started: list[Servers], tmp_path: Path) -> None:
    with RealServers(tmp_path):
        stopped, _ = down(tmp_path, force=True)
        assert stopped == started[0].processes


def test_a_block_stops_what_it_started(started: list[Servers], tmp_path: Path) -> None:
    with RealServers(tmp_path) as real:
        assert real.bootstrap == "127.0.0.1:1"
        assert status(tmp_path) is not None
    assert not started[0].running
    with pytest.raises(RuntimeError, match="outside of its with block"):
        _ = real.url


def test_a_block_leaves_running_what_up_asked_for(started: list[Servers], tmp_path: Path) -> None:
    up(tmp_path)
    with RealServers(tmp_path):
        pass
    assert started[0].running
    assert len(started) == 1


def test_the_last_user_stops_them(started: list[Servers], tmp_path: Path) -> None:
    other = remember("user", os.getppid())
    assert other is not None
    with RealServers(tmp_path) as real:
        real.servers.users.append(other)
        state.write(tmp_path, real.servers)
    assert started[0].running
    with RealServers(tmp_path) as real:
        # A user that was killed does not count.
        real.servers.users = [user for user in real.servers.users if user != other]
        real.servers.users.append(Process("user", os.getppid(), "another boot:1"))
        state.write(tmp_path, real.servers)
    assert not started[0].running


def test_servers_that_died_are_started_anew(started: list[Servers], tmp_path: Path) -> None:
    running, _ = up(tmp_path)
    os.kill(running.processes[0].pid, 9)
    os.waitpid(running.processes[0].pid, 0)
    assert status(tmp_path) is None
    _, fresh = up(tmp_path)
    assert fresh
    assert len(started) == 2


def test_files_with_the_password_are_private(started: list[Servers], tmp_path: Path) -> None:
    up(tmp_path)
    for file in (state.state_file(tmp_path), state.env_file(tmp_path)):
        assert file.stat().st_mode & 0o777 == 0o600
    lines = state.env_file(tmp_path).read_text().splitlines()
    assert f"export GROUNDSWELL_INDEX__PASSWORD={PASSWORD}" in lines


def test_the_password_is_not_printed(
    started: list[Servers], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("deploy.local.__main__.BASE", tmp_path)
    for function in (up, down, status):
        monkeypatch.setattr(f"deploy.local.__main__.{function.__name__}", partial(function, tmp_path))
    assert [main([action]) for action in ("up", "status", "down", "status")] == [0, 0, 0, 1]
    shown = capsys.readouterr()
    assert "Kafka 127.0.0.1:1" in shown.out
    assert PASSWORD not in shown.out + shown.err


def test_a_state_file_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    state.state_file(tmp_path).write_text("{")
    assert status(tmp_path) is None


def test_a_server_that_ends_while_starting_is_named_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(libs: Path, folder: Path, port: int, controller_port: int, log: Path) -> subprocess.Popen[bytes]:
        log.write_text("no space left on device\n")
        child = subprocess.Popen(["false"])
        child.wait()
        return child

    monkeypatch.setattr(servers, "fetch", lambda base: Distribution(tmp_path, tmp_path))
    monkeypatch.setattr(kafka, "start", start)
    message = "Kafka: ended with status 1 while starting: no space left"
    with pytest.raises(TerminalError, match=message), contextlib.ExitStack() as stack:
        stack.enter_context(own_kafka(tmp_path))
    assert not list(tmp_path.glob("kafka-*"))


def test_files_that_nobody_cannot_reach_go_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch, "needs_other_user", lambda: True)
    home = tmp_path / "dist-1" / "elasticsearch-9"
    home.mkdir(parents=True)
    (home / "README").write_text("x")
    tmp_path.chmod(0o700)
    folder, distribution = servers.where_nobody_can_read(tmp_path, Distribution(tmp_path, home))
    try:
        assert folder.is_relative_to("/var/tmp")
        assert (distribution.elasticsearch / "README").read_text() == "x"
    finally:
        shutil.rmtree(folder)
