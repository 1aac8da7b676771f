"""Every word of the glossary is borne by one class, in the file that is named."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
WORDS = [(word, meaning, where) for word, meaning, where in ROWS if word != "word" and not word.startswith("--")]
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def definitions() -> dict[str, list[str]]:
    """Where each public class or function at the top of a module is defined."""
    found: dict[str, list[str]] = defaultdict(list)
    for top in ("pipeline", "models"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
                    "_"
                ):
                    found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def test_each_word_is_explained_once_and_shortly() -> None:
    words = [word for word, _, _ in WORDS]
    assert 40 <= len(words) == len(set(words)) <= 60
    assert [word for word, meaning, _ in WORDS if len(meaning) > 260 or meaning.count(". ") > 2] == []


def test_each_name_is_defined_in_its_file_and_each_class_nowhere_else() -> None:
    found = definitions()
    named = [pair for _, _, where in WORDS for pair in re.findall(r"`(\w+)` in `([\w/.]+)`", where)]
    assert len(named) > 30
    assert [name for name, path in named if path not in found[name]] == []
    assert [name for name, _ in named if name[0].isupper() and len(found[name]) > 1] == []


def test_each_word_names_a_class_or_a_file() -> None:
    for word, _, where in WORDS:
        (path,) = re.findall(r"`([\w/]+\.py)`", where)
        assert (ROOT / path).is_file(), f"{word}: {path}"
