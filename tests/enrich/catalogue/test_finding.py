"""Companies are found by whatever a person types, and added when they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.enrich.catalogue import Catalogue, CatalogueError, Entity, load_catalogue
from pipeline.enrich.catalogue.adding import ADDED, add, identifier
from pipeline.enrich.catalogue.finding import AmbiguousCompany, UnknownCompany, company_named, find

CATALOGUE = Catalogue(
    entities={
        e.id: e
        for e in (
            Entity(
                id="zorbex", name="Zorbex Air", aliases=("ZBX",), handles={"bluesky": ("zorbex.example",)}, fame=0.5
            ),
            Entity(id="Q42", name="Zorbex Air", country="us", fame=0.1, products=("Skytally",)),
            Entity(id="quill", name="Quillómat", sites=("quill.example",)),
            Entity(id="twin-a", name="Twinnies"),
            Entity(id="twin-b", name="Twinnies", fame=0.1),
        )
    }
)

TYPED = {
    "zorbex": ["zorbex", "Q42"],
    "Q42": ["Q42"],
    "zorbex air": ["zorbex", "Q42"],
    "ZorbexAir": ["zorbex", "Q42"],
    "zbx": ["zorbex"],
    "@zorbex.example": ["zorbex"],
    "zobrex air": ["zorbex", "Q42"],
    "quillomat": ["quill"],
    "Quilomat": ["quill"],
    "quill.example": ["quill"],
    "skytaly": ["Q42"],
    "": [],
    "!!": [],
    "nothing like it": [],
    "x" * 100_000: [],
}


@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: typed[:20])
def test_what_is_found(typed: str) -> None:
    assert [match.entity.id for match in find(CATALOGUE, typed)] == TYPED[typed]


def test_the_much_better_known_is_meant_and_the_others_are_asked_for() -> None:
    assert company_named(CATALOGUE, "zorbex air").id == "zorbex"
    assert company_named(CATALOGUE, "Q42").id == "Q42"
    with pytest.raises(AmbiguousCompany, match=r"twin-b .*twin-a"):
        company_named(CATALOGUE, "twinnies")
    with pytest.raises(UnknownCompany, match=r"Did you mean Quillómat \(quill\)\? Else add it: .*catalogue add"):
        company_named(CATALOGUE, "Quilomat")


def test_an_id_is_made_of_a_name() -> None:
    assert identifier("Größe & Söhne") == "groe-sohne"
    assert identifier("東京電力").startswith("company-")


def test_a_company_that_is_added_is_found(tmp_path: Path) -> None:
    own = tmp_path / "catalogue.jsonl"
    warnings = [finding.what for finding in add(own, Entity(id="fjord-bakery", name="Fjord Bakery"))]
    assert any("made of ordinary words" in what for what in warnings)
    add(own, Entity(id="zorbex", name="Zorbex", parent="fjord-bakery"))
    catalogue = load_catalogue(own)
    assert [company_named(catalogue, name).id for name in ("fjord bakery", "zorbex")] == ["fjord-bakery", "zorbex"]
    before = own.read_bytes()
    for wrong in (Entity(id="zorbex", name="Another"), Entity(id="new", name="New", parent="nobody")):
        with pytest.raises(CatalogueError):
            add(own, wrong)
    assert own.read_bytes() == before


def test_a_folder_gets_a_file_of_its_own_and_hand_written_files_are_left_alone(tmp_path: Path) -> None:
    yaml = tmp_path / "own.yaml"
    yaml.write_text("- {id: zorbex, name: Zorbex}\n")
    add(tmp_path, Entity(id="quill", name="Quillomat"))
    assert (tmp_path / ADDED).read_text().count("\n") == 1
    assert {"zorbex", "quill"} <= set(load_catalogue(tmp_path).entities)
    with pytest.raises(CatalogueError, match="by hand"):
        add(yaml, Entity(id="other", name="Other"))
