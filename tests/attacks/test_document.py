"""The table of attacks: each row names tests that exist, and each test of a bound is in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = (HERE.parents[1] / "docs" / "attacks.md").read_text(encoding="utf-8")
UNNAMED = {"test_crises.py", "test_document.py"}


def defined() -> set[str]:
    return {
        node.name
        for path in HERE.glob("test_*.py")
        if path.name not in UNNAMED
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_row_names_a_test_that_exists() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]
    for row in rows:
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named, row
        assert named <= defined(), named - defined()


def test_every_bound_is_in_the_table() -> None:
    bounds = {
        node.name
        for path in HERE.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and (ast.get_docstring(node) or "").startswith("The bound:")
    }
    assert len(bounds) >= 8
    assert {name for name in bounds if f"`{name}`" not in TABLE} == set()
