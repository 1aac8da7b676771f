"""Draws the rooms of the code and their imports, from the code, as a picture that stands alone.

    python docs/house.py            # writes docs/images/house.svg anew (make house)
    python docs/house.py --check    # exits 1 when the picture is not that of the code

Rows are the layers of the contract in pyproject.toml, to which import-linter holds the code; arrows are the imports.
Drawn in the manner of Sugiyama, Tagawa and Toda (1981): long arrows bend where they pass a row, and rooms of a row are
ordered by where their neighbours stand.  An arrow that follows from others is left out (transitive reduction).  The
same code gives the same bytes.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from html import escape
from itertools import pairwise
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "house.svg"
PACKAGE, MODEL = "pipeline", "models"

ROW, BOX, MARGIN, BETWEEN = 100, 62, 30, 26
"""Pixels: from row to row, height of a box, edge of the picture, between boxes."""
BEND = 16
"""Width of the gap through which an arrow passes a row."""
LETTER = 6.1
"""Width of a small letter, about."""
ROUNDS = 24
"""Times that the rooms of a row are ordered anew; more change nothing."""

Edges = Mapping[str, set[str]]


@dataclass(frozen=True)
class Room:
    """A package at the top of the house: what it is for, and the rooms within."""

    name: str
    purpose: str
    inner: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What its box says below the name."""
        half = (len(self.inner) + 1) // 2 if len(self.inner) > 3 else len(self.inner)
        rows = (" · ".join(self.inner[:half]), " · ".join(self.inner[half:]))
        return tuple(row for row in rows if row)

    @property
    def width(self) -> float:
        return max([96.0, 24.0 + 9 * len(self.name), *(24 + LETTER * len(row) for row in self.lines)])


@dataclass(frozen=True)
class Point:
    """A room in its row, or (width 0) the bend of an arrow that passes the row."""

    name: str
    width: float


def room_of(module: str) -> str | None:
    """The room of a module; None for the few at the root of the pipeline, which all may import."""
    top, _, rest = module.partition(".")
    if top == MODEL:
        return MODEL
    name = rest.partition(".")[0]
    return name if (ROOT / PACKAGE / name / "__init__.py").exists() and name else None


def rooms_and_imports() -> tuple[dict[str, Room], dict[str, set[str]]]:
    """The rooms, and for each those that it imports, wherever in a file the import stands."""
    graph = grimp.build_graph(PACKAGE, MODEL, cache_dir=None)
    imports: dict[str, set[str]] = {}
    for module in sorted(graph.modules):
        if (room := room_of(module)) is not None:
            found = {room_of(target) for target in graph.find_modules_directly_imported_by(module)}
            imports.setdefault(room, set()).update(name for name in found if name not in (room, None))
    return {name: described(name) for name in imports}, imports


def described(name: str) -> Room:
    """A room by its folder."""
    folder = ROOT / MODEL if name == MODEL else ROOT / PACKAGE / name
    inner = sorted(path.parent.name for path in folder.glob("*/__init__.py") if ast.parse(path.read_text()).body)
    purpose = (ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or "").partition("\n")[0]
    return Room(name, purpose, tuple(inner))


def reduced(imports: Edges) -> dict[str, set[str]]:
    """The imports without those that follow from others.  Raises `graphlib.CycleError` for a circle."""
    tuple(TopologicalSorter(imports).static_order())

    @cache
    def below(name: str) -> frozenset[str]:
        return frozenset(imports[name]).union(*(below(target) for target in imports[name]))

    return {name: targets - frozenset().union(*(below(t) for t in targets)) for name, targets in imports.items()}


def layers() -> list[list[str]]:
    """The rooms of each layer, from the ground up, as the contract has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [contract for contract in contracts if contract["type"] == "layers"]
    rows = [[room_of(name.strip()) for name in layer.split("|")] for layer in reversed(contract["layers"])]
    return [found for row in rows if (found := [name for name in row if name is not None])]


def rows_with_bends(rooms: Mapping[str, Room], arrows: Edges) -> tuple[list[list[Point]], list[tuple[str, str]]]:
    """Rows from the ground up, with a bend for each row that an arrow passes; and the pieces of arrows, downwards."""
    rows = [[Point(name, rooms[name].width) for name in layer] for layer in layers()]
    height = {point.name: number for number, row in enumerate(rows) for point in row}
    pieces: list[tuple[str, str]] = []
    for name in sorted(arrows):
        for target in sorted(arrows[name]):
            passed = [f"{name}>{target}@{row}" for row in range(height[name] - 1, height[target], -1)]
            for bend in passed:
                rows[int(bend.rpartition("@")[2])].append(Point(bend, 0.0))
            pieces += pairwise([name, *passed, target])
    return rows, pieces


def ordered(rows: list[list[Point]], pieces: Iterable[tuple[str, str]]) -> dict[str, float]:
    """The middle of each point, after each row was ordered by the mean of its neighbours, up and down in turn."""
    near: dict[str, list[str]] = {}
    for upper, lower in pieces:
        near.setdefault(upper, []).append(lower)
        near.setdefault(lower, []).append(upper)
    middle: dict[str, float] = {}
    for row in rows:
        middle |= spread(row)
    for turn in range(ROUNDS):
        for row in rows if turn % 2 else reversed(rows):
            mean = {p: sum(middle[n] for n in near.get(p.name, [p.name])) / len(near.get(p.name, [0])) for p in row}
            row.sort(key=lambda point: (round(mean[point], 3), point.name))
            middle |= spread(row)
    return middle


def spread(row: list[Point]) -> dict[str, float]:
    """A row side by side, around 0."""
    widths = [point.width or BEND for point in row]
    at = -(sum(widths) + BETWEEN * (len(row) - 1)) / 2
    middle = {}
    for point, width in zip(row, widths, strict=True):
        middle[point.name] = round(at + width / 2, 1)
        at += width + BETWEEN
    return middle


def picture(rooms: Mapping[str, Room], imports: Edges) -> str:
    """The drawing as SVG: no script, no style sheet, nothing loaded."""
    rows, pieces = rows_with_bends(rooms, reduced(imports))
    middle = ordered(rows, pieces)
    widest = max(abs(middle[p.name]) + p.width / 2 for row in rows for p in row)
    width, height = round(2 * (widest + MARGIN)), ROW * (len(rows) - 1) + BOX + 2 * MARGIN
    top = {p.name: MARGIN + ROW * (len(rows) - 1 - number) for number, row in enumerate(rows) for p in row}
    x = {name: round(at + width / 2, 1) for name, at in middle.items()}
    body = [line(x[a], top[a] + BOX, x[b], top[b], b in rooms, b in rooms) for a, b in pieces]
    body += [line(x[p.name], top[p.name], x[p.name], top[p.name] + BOX) for row in rows for p in row if not p.width]
    body += [box(rooms[name], x[name], top[name]) for name in sorted(rooms)]
    return "\n".join([*head(width, height), *body, "</g></svg>", ""])


def head(width: int, height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="title" font-family="sans-serif" text-anchor="middle">',
        '<title id="title">Rooms of the code; an arrow leads to a room that is imported</title>',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#5b6b7a"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<g stroke-linejoin="round">',
    ]


def line(x1: float, y1: float, x2: float, y2: float, pointed: bool = False, short: bool = False) -> str:
    """A piece of an arrow; `short` of what it points to, so that the head is seen."""
    end = ' marker-end="url(#head)"' if pointed else ""
    return f'<path d="M{x1} {y1}L{x2} {y2 - short}" fill="none" stroke="#9aa8b5" stroke-width="1.4"{end}/>'


def box(room: Room, x: float, y: float) -> str:
    """A room: its name and the rooms within; what it is for when the pointer rests on it."""
    left, small = round(x - room.width / 2, 1), 'font-size="11" fill="#44525f"'
    first = y + BOX // 2 + 5 - 8 * len(room.lines)
    text = [f'<text x="{x}" y="{first}" font-size="14" font-weight="bold" fill="#13202b">{escape(room.name)}</text>']
    text += [
        f'<text x="{x}" y="{first + 17 + 14 * number}" {small}>{escape(words)}</text>'
        for number, words in enumerate(room.lines)
    ]
    size = f'width="{round(room.width, 1)}" height="{BOX}"'
    frame = f'<rect x="{left}" y="{y}" {size} rx="7" fill="#eef4f8" stroke="#47739a"/>'
    return f"<g><title>{escape(room.purpose)}</title>{frame}{''.join(text)}</g>"


def main() -> int:
    """Write the picture, or with ``--check`` compare it."""
    drawn = picture(*rooms_and_imports())
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(drawn)
        return 0
    if PICTURE.read_text() == drawn:
        return 0
    print("docs/images/house.svg is not the picture of this code: run `make house`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
