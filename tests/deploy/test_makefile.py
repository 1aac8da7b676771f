"""What the Makefile says before it installs anything."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_python_that_is_too_old_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\necho "Groundswell needs Python 3.11, 3.12 or 3.13" >&2\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "default.lock").touch()
    done = subprocess.run(
        ["make", "install", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode != 0
    assert "Groundswell needs Python 3.11" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_sentence_names_the_version_and_what_to_do() -> None:
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("FITS := "))
    check = line.removeprefix("FITS := ").replace("(3, 11) <=", "(3, 99) <=")
    done = subprocess.run(["python3", "-c", check], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "and this is 3." in done.stderr
    assert "make run PYTHON=" in done.stderr
