"""The shape of the house: sizes of folders, modules and functions, circles of imports, names and first lines."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipeline", "models")

FORBIDDEN = {"hear", "heard", "tell", "told", "look", "take", "settle", "keep", "kept", "place", "one"}
"""Words of a dialect; the field says consume, observe, report, notify, retain, resolve."""

GIVEN = {
    "noack_take",  # faust's name for it
}
"""Names that somebody else has given."""

FORMULAS = {
    "pipeline.detect.evidence.baseline.shifted": {"p"},
    "pipeline.detect.evidence.boosted.predict": {"x"},
    "pipeline.detect.narratives.vectors.united": {"p", "q"},
}
"""Functions that are formulas, and the parameters that have one letter there: shares, features, vectors, lengths."""


@cache
def modules() -> dict[str, Path]:
    """Dotted name → file; a package is called by its own name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "compiled" not in parts[:-1]:  # what a compiler leaves there
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


@cache
def imports() -> dict[str, set[str]]:
    """Module → modules of ours that it imports, wherever in the file."""
    edges: dict[str, set[str]] = {name: set() for name in modules()}
    for name in modules():
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                wanted = [f"{node.module}.{alias.name}" for alias in node.names]
                targets = [target if target in modules() else node.module for target in wanted]
            elif isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            else:
                continue
            edges[name] |= {target for target in targets if target in modules() and target != name}
    return edges


def circle(edges: dict[str, set[str]]) -> list[str]:
    """The modules or rooms of a circle; empty where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    return [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def bound(name: str) -> Iterator[tuple[str, int]]:
    """Every name that a module gives to something, with its line."""
    for node in ast.walk(tree(name)):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case ast.alias(asname=str(alias)):
                yield alias, node.lineno


def words(identifier: str) -> set[str]:
    """Its words, by underscores and capitals: ``HeardMention`` has heard and mention."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


def test_words_of_an_identifier() -> None:
    assert words("_HeardMention") == {"heard", "mention"}
    assert words("KEPT_POSTS") == {"kept", "posts"}
    assert not words("placement") & FORBIDDEN


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent for path in modules().values() if path.name != "__init__.py")
    assert {str(folder): count for folder, count in counts.items() if count > 15} == {}
    assert counts[ROOT / "pipeline"] <= 6


def test_no_module_and_no_function_is_long() -> None:
    long = {name: lines for name, path in modules().items() if (lines := len(path.read_text().splitlines())) > 400}
    for name in modules():
        for node in functions(name):
            assert node.end_lineno is not None
            if (lines := node.end_lineno - node.lineno + 1) > 60:
                long[f"{name}.{node.name}"] = lines
    assert long == {}


def test_no_circle_of_files() -> None:
    assert circle(imports()) == []


def test_no_circle_of_rooms() -> None:
    """At every depth; `models` counts as one more room beside those of `pipeline`."""
    rooms: defaultdict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer, targets in imports().items():
        for target in targets:
            ours, theirs = importer.split("."), target.split(".")
            if ours[0] != theirs[0]:
                ours, theirs = (["pipeline", *path] if path[0] == "models" else path for path in (ours, theirs))
            shared = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
            if shared is not None:
                rooms[".".join(ours[:shared])][ours[shared]].add(theirs[shared])
    assert len(rooms) > 10
    assert {parent: found for parent, edges in rooms.items() if (found := circle(edges))} == {}


def test_every_room_has_its_layer() -> None:
    """A room that the contracts do not name could import what it likes."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (layers,) = [c["layers"] for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    named = {room.strip() for layer in layers for room in layer.split("|")}
    assert named == {name for name in modules() if name == "models" or (name.count(".") == 1 and "pipeline" in name)}


def test_no_two_public_classes_share_a_name() -> None:
    where: defaultdict[str, list[str]] = defaultdict(list)
    for name in modules():
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(name)
    assert {found: names for found, names in where.items() if len(names) > 1} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_names_are_the_words_of_the_field(package: str) -> None:
    offences = [
        f"{name}:{line} {identifier}"
        for name in modules()
        if name.split(".")[0] == package
        for identifier, line in [*bound(name), (name.rpartition(".")[2], 1)]
        if words(identifier) & FORBIDDEN and identifier not in GIVEN
    ]
    assert offences == []


def test_parameters_of_the_detector_have_names() -> None:
    """But for the formulas, which are three in a hundred at most."""
    count, letters = 0, defaultdict(set)
    for name in modules():
        for node in functions(name) if name.startswith("pipeline.detect") else ():
            count += len(parameters(node))
            for parameter in parameters(node):
                if len(parameter) == 1:
                    letters[f"{name}.{node.name}"].add(parameter)
    assert letters == FORMULAS
    assert sum(map(len, letters.values())) <= 0.03 * count


def test_every_module_says_in_a_line_what_it_is() -> None:
    first = {name: (ast.get_docstring(tree(name)) or "").partition("\n")[0] for name in modules()}
    assert [name for name, line in first.items() if not line] == []
    assert {name: line for name, line in first.items() if len(line) > 90} == {}
