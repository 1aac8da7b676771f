"""Names in texts, as they are written."""

from __future__ import annotations

import pytest

from models.naming import LONGEST, MOST, occurrences


def named(text: str, name: str) -> list[str]:
    return [text[start:end] for start, end in occurrences(text, name)]


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("Orla is fine, ORLA is fine", "orla", ["Orla", "ORLA"]),
        ("Orlando is not orla", "Orla", ["orla"]),
        ("Orlando", "Orla", ["Orla"]),
        ("never again #northgridfail", "North Grid", ["northgrid"]),
        ("ask @north_grid", "@North Grid", ["north_grid"]),
        ("North\n Grid is down", "North Grid", ["North\n Grid"]),
        ("Miller’s is shut", "Miller's", ["Miller’s"]),
        ("tea-time and tea‑time", "Tea-Time", ["tea-time", "tea‑time"]),
        ("C++ (really)", "c++", ["C++"]),
        ("nothing here", "Orla", []),
        ("nothing here", "", []),
        ("nothing here", "@", []),
        ("", "Orla", []),
        ("a.b axb", "a.b", ["a.b"]),
    ],
)
def test_a_name_is_found_as_people_write_it(text: str, name: str, found: list[str]) -> None:
    assert named(text, name) == found


def test_hostile_texts_and_names_are_bounded() -> None:
    assert len(occurrences("ha " * 50_000, "ha")) == MOST
    assert occurrences("x" * 100_000, "x" * (LONGEST + 1)) == ()
    assert occurrences("\ud83d" * 1_000, "a") == ()
