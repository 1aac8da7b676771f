"""What is missing is named, with what to install."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import tools
from deploy.local.tools import MissingTool, find_java, find_maven, java_version


def jdk(folder: Path, version: int) -> Path:
    home = folder / f"jdk-{version}"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text("#!/bin/sh\n")
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}.0.1"\n')
    return home


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of JDKs that is the only one on the machine."""
    monkeypatch.setattr(tools, "JVM_FOLDERS", (tmp_path,))
    return tmp_path


def test_no_java_at_all(machine: Path) -> None:
    with pytest.raises(MissingTool, match=r"JDK of version 21 or later; found: none.*apt install openjdk-21"):
        find_java(21, {"PATH": ""})


def test_java_that_is_too_old(machine: Path) -> None:
    jdk(machine, 17)
    with pytest.raises(MissingTool, match="version 21 or later; found: 17"):
        find_java(21, {"PATH": ""})


def test_the_newest_fitting_java_is_taken(machine: Path) -> None:
    jdk(machine, 17)
    jdk(machine, 21)
    newest = jdk(machine, 25)
    assert find_java(21, {"PATH": ""}) == newest


def test_a_named_java_wins_where_it_fits(machine: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    newest = jdk(machine, 25)
    named = jdk(tmp_path_factory.mktemp("elsewhere"), 21)
    assert find_java(21, {"PATH": "", "ES_JAVA_HOME": str(named)}) == named
    assert find_java(24, {"PATH": "", "ES_JAVA_HOME": str(named)}) == newest


def test_a_folder_without_java_has_no_version(tmp_path: Path) -> None:
    assert java_version(tmp_path) == 0


def test_no_maven() -> None:
    with pytest.raises(MissingTool, match=r"Maven \(mvn\): is not installed.*apt install maven"):
        find_maven({"PATH": ""})
