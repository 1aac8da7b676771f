"""The picture of the house is that of the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "house.svg"
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_drawn_from_this_code() -> None:
    check = subprocess.run(
        [sys.executable, "docs/house.py", "--check"], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stderr


def test_the_picture_shows_every_room_and_stands_alone() -> None:
    tree = ElementTree.parse(PICTURE)
    bold = {text.text for text in tree.iter(f"{SVG}text") if text.get("font-weight") == "bold"}
    rooms = {path.parent.name for path in (ROOT / "pipeline").glob("*/__init__.py")}
    assert bold == rooms | {"models"}
    assert {node.tag.removeprefix(SVG) for node in tree.iter()} <= {
        "svg",
        "title",
        "defs",
        "marker",
        "path",
        "rect",
        "g",
        "text",
    }
