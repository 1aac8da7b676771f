"""The changelog keeps its form, and its newest version is the package's."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CHANGELOG.md").read_text()
RELEASES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", TEXT, re.MULTILINE)
PARTS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_headings_are_those_of_keep_a_changelog() -> None:
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert headings == ["[Unreleased]", *(f"[{version}] - {day}" for version, day in RELEASES)]
    assert set(re.findall(r"^### (.+)$", TEXT, re.MULTILINE)) <= PARTS


def test_the_newest_version_comes_first_and_is_the_packages() -> None:
    assert RELEASES[0][0] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    days = [date.fromisoformat(day) for _, day in RELEASES]
    assert days == sorted(days, reverse=True)
