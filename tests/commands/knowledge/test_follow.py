"""`groundswell follow`, `unfollow`, `following`, `catalogue find` and `catalogue add`."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.enrich.catalogue.finding import UnknownCompany
from pipeline.errors import TerminalError
from tests.commands.conftest import groundswell


def followed() -> list[tuple[str, str]]:
    shown = json.loads(groundswell("following", "--json").stdout)
    return [(company["id"], company["relation"]) for company in shown.get("companies", [])]


def test_follow_and_unfollow(data: Path) -> None:
    assert "every company" in groundswell("following").stdout
    result = groundswell("follow", "lufthansa", "--competitor", "@Ryanair", "--industry", "rail")
    assert result.exit_code == 0
    assert "Lufthansa  (lufthansa)" in result.stdout
    assert followed() == [("lufthansa", "own"), ("ryanair", "competitor")]
    assert groundswell("unfollow", "Ryanair", "rail").exit_code == 0
    assert followed() == [("lufthansa", "own")]
    assert isinstance(groundswell("unfollow", "nobody").exception, TerminalError)
    assert groundswell("unfollow", "Lufthansa").exit_code == 0
    assert not (data / "following.json").exists()


def test_of_several_names_with_a_wrong_one_none_is_followed(data: Path) -> None:
    result = groundswell("follow", "lufthansa", "Lufthansaa Bakery")
    assert isinstance(result.exception, UnknownCompany)
    assert "catalogue add" in str(result.exception)
    assert isinstance(groundswell("follow", "--industry", "magic").exception, TerminalError)
    assert groundswell("follow").exit_code == 2
    assert followed() == []


def test_a_company_that_is_missing_is_added_found_and_followed(data: Path) -> None:
    assert groundswell("catalogue", "find", "Zorbexxian").exit_code == 1
    result = groundswell(
        "catalogue", "add", "Zorbexxian", "--alias", "Zbx Air", "--handle", "bluesky:zorbex.example", "--distinctive",
        "--ambiguous", "zbx air: a song", "--industry", "airline", "--country", "no",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (line,) = (data / "catalogue.jsonl").read_text().splitlines()
    added = json.loads(line)
    assert (added["id"], added["ambiguous"], added["distinctive"]) == (
        "zorbexxian", {"zbx air": "a song"}, ["Zorbexxian", "Zbx Air"],
    )  # fmt: skip
    shown = groundswell("catalogue", "find", "zorbexian").stdout
    assert "Zorbexxian  zorbexxian" in shown
    assert "@zorbex.example (bluesky)" in shown
    assert json.loads(groundswell("catalogue", "find", "zorbexian", "--json").stdout)["id"] == "zorbexxian"
    assert groundswell("catalogue", "add", "Zorbexxian").exit_code == 1
    assert groundswell("catalogue", "add", "X", "--handle", "nonetwork").exit_code == 1
    assert groundswell("follow", "zorbexxian").exit_code == 0
    assert followed() == [("zorbexxian", "own")]


def test_search_names_a_company_by_its_name(data: Path) -> None:
    def ids(name: str) -> list[str]:
        return [
            json.loads(line)["post_id"]
            for line in groundswell("search", "--json", "--entity", name).stdout.split("\n")
            if line
        ]

    assert ids("umbrella") == ids("Umbrella") == ids("UMBRELLA") == ["net:3"]
    unknown = groundswell("search", "--entity", "Nobodys Company")
    assert unknown.exit_code == 0
    assert "no company of the catalogue is called so" in unknown.stderr
