"""Decisions follow one template, are half a page each, and stand in the list."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Consequences"]
LINES = 40  # half a page
STATUS = re.compile(r"accepted(, extended by \[\d+\]\([\w.-]+\))?|superseded by .+")


def number(path: Path) -> int:
    return int(path.name.split("-")[0])


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [number(path) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decision_follows_the_template(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith(f"# {number(path)}. ")
    status, day = lines[2], lines[3]
    assert STATUS.fullmatch(status.removeprefix("Status: ")), status
    assert date(2026, 11, 1) <= date.fromisoformat(day.removeprefix("Date: "))
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == HEADINGS
    assert len(lines) <= LINES, "half a page: move what was measured to docs/results"


def test_the_list_names_every_decision_with_its_status() -> None:
    rows = re.findall(r"^\| (\d+) \| \[.+\]\((.+)\) \| (\w+)", (FOLDER / "README.md").read_text(), re.MULTILINE)
    status = {path.name: path.read_text().splitlines()[2].removeprefix("Status: ") for path in DECISIONS}
    assert [(int(given), name) for given, name, _ in rows] == [(number(path), path.name) for path in DECISIONS]
    for _, name, word in rows:
        assert status[name].startswith(word), name
