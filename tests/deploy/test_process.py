"""Servers are stopped by process id, and only while the id is still theirs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.local.process import Process, remember, start_mark, stop

STUBBORN = "import signal,sys,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(["sleep", "60"])
    yield child
    child.kill()
    child.wait()


def test_a_running_process_is_stopped(sleeper: subprocess.Popen[bytes]) -> None:
    process = remember("sleep", sleeper.pid)
    assert process is not None
    assert process.running
    assert stop([process]) == [process]
    assert not process.running
    assert start_mark(sleeper.pid) is None


def test_an_id_that_went_to_another_process_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    earlier = Process("long gone", sleeper.pid, "another boot:12345")
    assert not earlier.running
    assert stop([earlier]) == []
    assert sleeper.poll() is None


def test_a_process_that_ended_is_not_remembered() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert remember("true", child.pid) is None


def test_a_process_that_ignores_the_request_is_made_to_end() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        process = remember("stubborn", child.pid)
        assert process is not None
        stop([process], grace=0.2)
        assert not process.running
