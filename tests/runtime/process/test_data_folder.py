"""A data folder has one Groundswell at a time, and only whoever has it empties it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import TerminalError
from pipeline.runtime.process.data_folder import LOCK, DataFolder, in_use


def test_a_second_one_is_refused_and_nothing_is_removed(tmp_path: Path) -> None:
    first = DataFolder(tmp_path / "data")
    (first.path / "index.sqlite").write_text("mentions")
    with pytest.raises(TerminalError, match="another Groundswell runs there"):
        DataFolder(tmp_path / "data")
    assert (first.path / "index.sqlite").read_text() == "mentions"
    first.release()
    DataFolder(tmp_path / "data").release()


def test_emptying_leaves_the_lock_that_others_ask_for(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    (folder.path / "logs").mkdir()
    (folder.path / "logs" / "web.log").write_text("x")
    (folder.path / "elsewhere").symlink_to(tmp_path)
    folder.empty()
    assert [entry.name for entry in folder.path.iterdir()] == [LOCK]
    with pytest.raises(TerminalError, match="another Groundswell"):
        DataFolder(tmp_path / "data")
    assert tmp_path.exists(), "a link is removed, not what it leads to"
    folder.release()


def test_whether_it_is_in_use(tmp_path: Path) -> None:
    assert not in_use(tmp_path)
    folder = DataFolder(tmp_path)
    assert in_use(tmp_path)
    folder.release()
    assert not in_use(tmp_path)


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TerminalError, match=r"cannot be written to .*Name a folder of your own"):
        DataFolder(tmp_path / "file" / "data")
