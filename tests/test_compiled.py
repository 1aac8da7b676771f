"""When compiled modules are used; and where there are none, nothing is missing."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from pipeline import compiled
from pipeline.compiled import HOT, Hot

pytestmark = pytest.mark.parametrize("hot", HOT, ids=lambda hot: hot.name)


def made(hot: Hot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Hot:
    """The same in a folder that says it holds the compiled form of these sources."""
    hot = replace(hot, within=folder)
    monkeypatch.delenv(compiled.PURE, raising=False)
    hot.compiled.mkdir(parents=True)
    (hot.compiled / "made_from").write_text(hot.fingerprint())
    return hot


def test_a_current_form_is_preferred_unless_told_otherwise(
    hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hot = made(hot, tmp_path, monkeypatch)
    monkeypatch.setitem(sys.modules, f"{hot.package}.hot__mypyc", sys)
    path = ["sources"]
    assert hot.prefer(path)
    assert path == [str(hot.compiled), "sources"]
    monkeypatch.setenv(compiled.PURE, "1")
    path = ["sources"]
    assert not hot.prefer(path)
    assert path == ["sources"]


def test_a_form_of_other_sources_is_left_aside(hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = made(hot, tmp_path, monkeypatch)
    (hot.compiled / "made_from").write_text("other sources")
    path = ["sources"]
    assert not hot.prefer(path)
    assert path == ["sources"]


def test_a_form_that_cannot_be_loaded_is_left_aside(hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = made(hot, tmp_path, monkeypatch)
    library = f"hot__mypyc{sysconfig.get_config_var('EXT_SUFFIX')}"
    (hot.compiled / library).write_bytes(b"of another machine")
    path = [str(hot.sources)]
    monkeypatch.setattr(import_module(hot.package), "__path__", path)
    monkeypatch.delitem(sys.modules, f"{hot.package}.hot__mypyc", raising=False)
    assert not hot.prefer(path)
    assert path == [str(hot.sources)]


def test_without_a_compiler_it_says_so_and_leaves_everything_plain(
    hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hot = replace(hot, within=tmp_path)
    monkeypatch.setattr(compiled, "HOT", (hot,))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert compiled.main([]) == 0
    assert f"The {hot.name} runs as plain Python: there is no C compiler" in capsys.readouterr().out
    assert not hot.compiled.exists()
