"""Saved objects: complete, well-formed, and asking only for fields that the index has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.kibana.__main__ import FILE, main

ROOT = Path(__file__).parents[2]
OBJECTS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text().splitlines()]
BY_ID = {(item["type"], item["id"]): item for item in OBJECTS}
IDS = [item["id"] for item in OBJECTS]
TEMPLATES = {
    "groundswell-mentions": "mentions",
    "groundswell-incidents": "incidents",
    "groundswell-dead-letters": "dead-letters",
}

each_object = pytest.mark.parametrize("item", OBJECTS, ids=IDS)


def fields(view: str) -> dict[str, str]:
    """Path → type of every field that can be searched."""
    template = json.loads((ROOT / "deploy" / "elasticsearch" / f"{TEMPLATES[view]}.json").read_text())

    def walk(properties: dict[str, Any], prefix: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, mapping in properties.items():
            found |= walk(mapping["properties"], f"{prefix}{name}.") if "properties" in mapping else {}
            if "type" in mapping:
                found[f"{prefix}{name}"] = mapping["type"]
        return found

    return walk(template["template"]["mappings"]["properties"], "")


def view_of(item: dict[str, Any]) -> str:
    return next(str(reference["id"]) for reference in item["references"] if reference["type"] == "index-pattern")


def columns_of(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (layer,) = item["attributes"]["state"]["datasourceStates"]["formBased"]["layers"].values()
    return dict(layer["columns"])


def query_of(item: dict[str, Any]) -> str:
    if item["type"] == "lens":
        return str(item["attributes"]["state"]["query"]["query"])
    source = json.loads(item["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return str(source["query"]["query"])


LENSES = [item for item in OBJECTS if item["type"] == "lens"]
SEARCHES = [item for item in OBJECTS if item["type"] == "search"]


def test_the_file_is_what_the_code_says() -> None:
    assert main(["--check"]) == 0, "run python -m deploy.kibana"


@each_object
def test_references_lead_to_objects_in_the_file(item: dict[str, Any]) -> None:
    assert item.keys() == {
        "id", "type", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion",
    }  # fmt: skip
    for reference in item["references"]:
        assert (reference["type"], reference["id"]) in BY_ID
    assert len(IDS) == len(BY_ID)


@pytest.mark.parametrize("view", TEMPLATES)
def test_views_have_their_index_and_time(view: str) -> None:
    attributes = BY_ID["index-pattern", view]["attributes"]
    assert attributes["title"] == view
    assert fields(view)[attributes["timeFieldName"]] == "date"
    template = json.loads((ROOT / "deploy" / "elasticsearch" / f"{TEMPLATES[view]}.json").read_text())
    names = [*template["index_patterns"], *template["template"].get("aliases", {})]
    assert view.replace("groundswell", "${prefix}") in names


@pytest.mark.parametrize("item", LENSES, ids=[item["id"] for item in LENSES])
def test_charts_ask_for_fields_of_the_right_type(item: dict[str, Any]) -> None:
    known = fields(view_of(item)) | {"___records___": "count"}
    allowed = {
        "terms": {"keyword", "boolean"},
        "date_histogram": {"date"},
        "count": {"count"},
        "average": {"float", "double", "long", "byte"},
        "max": {"float", "double", "long", "byte"},
    }
    columns = columns_of(item)
    for column in columns.values():
        assert known[column["sourceField"]] in allowed[column["operationType"]], column["sourceField"]
        order = column["params"].get("orderBy", {"columnId": next(iter(columns))})
        assert order["columnId"] in columns
    look = json.dumps(item["attributes"]["state"]["visualization"])
    assert all(f'"{name}"' in look for name in columns)


@pytest.mark.parametrize("item", SEARCHES, ids=[item["id"] for item in SEARCHES])
def test_tables_show_fields_that_there_are(item: dict[str, Any]) -> None:
    known = fields(view_of(item))
    assert set(item["attributes"]["columns"]) <= set(known)
    (field, direction) = item["attributes"]["sort"][0]
    assert (known[field], direction) == ("date", "desc")


@pytest.mark.parametrize("item", [item for item in OBJECTS if item["type"] == "dashboard"], ids=lambda item: item["id"])
def test_dashboards_place_every_panel_once_and_side_by_side(item: dict[str, Any]) -> None:
    panels = json.loads(item["attributes"]["panelsJSON"])
    names = {reference["name"] for reference in item["references"]}
    assert {f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels} == names
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridData"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken
        assert grid["x"] + grid["w"] <= 48
        taken |= cells
