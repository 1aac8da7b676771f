"""`groundswell trends` for people, spreadsheets and programs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.conftest import groundswell


def test_for_programs_and_for_people(data: Path) -> None:
    report = json.loads(groundswell("trends", "--json").stdout)
    assert [(row["entity"], row["now"]["mentions"]) for row in report["companies"]] == [("acme", 2), ("umbrella", 1)]
    shown = groundswell("trends", "Umbrella").stdout
    assert "Umbrella" in shown
    assert "Acme" not in shown
    assert groundswell("trends", "--csv").stdout.startswith("entity,name,since")


def test_of_what_is_followed(data: Path) -> None:
    (data / "following.json").write_text('{"companies":[{"id":"umbrella","name":"Umbrella"}]}')
    report = json.loads(groundswell("trends", "--json").stdout)
    assert [row["entity"] for row in report["companies"]] == ["umbrella"]


def test_of_nothing(data: Path) -> None:
    assert groundswell("trends", "--query", "nothinglikeit").exit_code == 1
    assert groundswell("trends", "--since", "2030-01-01").exit_code == 2
