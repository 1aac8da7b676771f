"""When compiled modules are used; and where there are none, nothing is missing."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline import compiled
from pipeline.compiled import FINDER, HOT, Hot

pytestmark = pytest.mark.parametrize("hot", HOT, ids=lambda hot: hot.name)

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


@pytest.fixture(autouse=True)
def finder(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found compiled is as before afterwards."""
    monkeypatch.setattr(FINDER, "libraries", dict(FINDER.libraries))


def made(hot: Hot, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Hot:
    """The same in a folder that says it holds the compiled form of these sources."""
    hot = replace(hot, within=folder)
    monkeypatch.delenv(compiled.PURE, raising=False)
    hot.compiled.mkdir(parents=True)
    (hot.compiled / "made_from").write_text(hot.fingerprint())
    for module in ("hot__mypyc", *hot.modules):
        (hot.compiled / f"{module}{SUFFIX}").write_bytes(b"of another machine")
    return hot


def found(hot: Hot) -> set[str]:
    """The modules of the package that are found compiled."""
    return {name.removeprefix(f"{hot.package}.") for name in FINDER.libraries if name.startswith(f"{hot.package}.")}


def test_a_current_form_is_preferred_unless_switched_off(
    hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hot = made(hot, tmp_path, monkeypatch)
    monkeypatch.setitem(sys.modules, hot.group, sys)
    assert hot.prefer()
    assert found(hot) == {"hot__mypyc", *hot.modules}
    name = f"{hot.package}.{hot.modules[-1]}"
    spec = FINDER.find_spec(name, None)
    assert spec is not None
    assert spec.origin == str(hot.compiled / f"{hot.modules[-1]}{SUFFIX}")
    monkeypatch.setenv(compiled.PURE, "1")
    assert not hot.prefer()
    assert found(hot) == set()
    assert FINDER.find_spec(name, None) is None


def test_every_hot_module_is_there(hot: Hot) -> None:
    assert [source for source in hot.sources if not source.exists()] == []
    assert find_spec(f"{hot.package}.{hot.modules[0]}") is not None


def test_a_form_of_other_sources_is_left_aside(hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = made(hot, tmp_path, monkeypatch)
    (hot.compiled / "made_from").write_text("other sources")
    assert not hot.prefer()
    assert found(hot) == set()


def test_a_form_that_cannot_be_loaded_is_left_aside(hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = made(hot, tmp_path, monkeypatch)
    monkeypatch.delitem(sys.modules, hot.group, raising=False)
    assert not hot.prefer()
    assert found(hot) == set()


def test_without_a_compiler_it_says_so_and_leaves_everything_plain(
    hot: Hot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hot = replace(hot, within=tmp_path)
    monkeypatch.setattr(compiled, "HOT", (hot,))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert compiled.main([]) == 0
    assert f"The {hot.name} runs as plain Python: there is no C compiler" in capsys.readouterr().out
    assert not hot.compiled.exists()
