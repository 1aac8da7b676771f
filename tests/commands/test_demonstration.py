"""The demonstration's data can be asked from the next terminal, without flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.commands import context
from pipeline.errors import SettingsError
from pipeline.runtime.process.data_folder import DataFolder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, without flags."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(context, "_flags", {})
    return tmp_path / ".groundswell"


def index_in(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.sqlite").touch()


def test_without_an_index_of_ones_own_the_demonstration_is_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert context.load_to_read().data == Path(".groundswell")
    index_in(here / "demo")
    assert context.load_to_read().data == Path(".groundswell/demo")
    assert "demonstration" in capsys.readouterr().err


def test_while_it_runs_it_is_read_before_ones_own(here: Path) -> None:
    index_in(here)
    index_in(here / "demo")
    assert context.load_to_read().data == Path(".groundswell")
    folder = DataFolder(here / "demo")
    assert context.load_to_read().data == Path(".groundswell/demo")
    folder.release()


def test_whoever_names_a_folder_gets_that(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index_in(here / "demo")
    monkeypatch.setenv("GROUNDSWELL_DATA", str(here))
    assert context.load_to_read().data == here
    monkeypatch.delenv("GROUNDSWELL_DATA")
    context.put("data", "elsewhere")
    assert context.load_to_read().data == Path("elsewhere")


def test_a_source_that_nobody_knows_is_refused_before_anything_starts(here: Path) -> None:
    from pipeline.commands.streaming.run import run

    with pytest.raises(SettingsError, match=r"twitter: no such source. Known are"):
        run(source=["twitter"], seed=1)
    assert not here.exists()
