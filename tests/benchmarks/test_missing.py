"""A machine without torch or without a JDK is told so in plain words, and nothing is started."""

from __future__ import annotations

import sys

import pytest

from benchmarks.end_to_end import afternoon
from deploy.local.tools import MissingTool


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    def start() -> None:
        raise AssertionError("servers were started")

    monkeypatch.setattr(afternoon, "RealServers", start)
    monkeypatch.setattr(sys, "argv", ["afternoon"])
    afternoon.main()
    return capsys.readouterr().err


def test_without_torch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(afternoon, "find_spec", lambda name: None)
    assert run(monkeypatch, capsys) == "afternoon: left out. It needs the train extra: make install-train\n"


def test_without_a_jdk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def find_java(minimum: int) -> None:
        raise MissingTool("needs a JDK", subject="Java", todo="Install one")

    monkeypatch.setattr(afternoon, "find_spec", lambda name: object())
    monkeypatch.setattr(afternoon, "find_java", find_java)
    assert run(monkeypatch, capsys) == "afternoon: left out. Java: needs a JDK. Install one\n"
