"""Reading, building and refusing catalogues."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.enrich.catalogue import CatalogueError, load_catalogue
from pipeline.enrich.catalogue.building import build
from pipeline.enrich.catalogue.loading import read_entities
from pipeline.enrich.linking.linker import Linker

YAML = """
- id: acme
  name: Acme Air
  handles: {twitter: [AcmeAir, AcmeHelp]}
  industry: [airline]
- {id: on-shoes, name: On, ambiguous: {on: a word}, fame: 0.5}
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_one_is_whole() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) > 4_000
    assert catalogue.entities["Q312"].name == "Apple"
    assert sum(entity.id.startswith("Q") for entity in catalogue.entities.values()) > 4_000


def test_the_users_file_extends_and_overrides(tmp_path: Path) -> None:
    path = write(tmp_path, "own.yaml", YAML + "- {id: Q312, name: Apple Orchards}\n")
    catalogue = load_catalogue(path)
    assert catalogue.entities["acme"].handles == {"twitter": ("AcmeAir", "AcmeHelp")}
    assert catalogue.entities["on-shoes"].name == "On"
    assert catalogue.entities["Q312"].name == "Apple Orchards"
    assert len(load_catalogue(path, with_shipped=False)) == 3
    assert [one.entity.id for one in Linker(catalogue).link("@AcmeHelp my bag")] == ["acme"]


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", YAML)
    write(
        tmp_path, "b.csv", "id,name,aliases,handles,fame\nzorbex,Zorbex,Zorbex Ltd|ZBX,twitter:Zorbex|bluesky:z.b,0.5\n"
    )
    write(tmp_path, "readme.txt", "not a catalogue")
    catalogue = load_catalogue(tmp_path, with_shipped=False)
    assert set(catalogue.entities) == {"acme", "on-shoes", "zorbex"}
    assert catalogue.entities["zorbex"].aliases == ("Zorbex Ltd", "ZBX")
    assert catalogue.entities["zorbex"].handles == {"twitter": ("Zorbex",), "bluesky": ("z.b",)}


def test_one_id_in_two_files_of_a_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", YAML)
    write(tmp_path, "b.yaml", "- {id: acme, name: Acme Rail}\n")
    with pytest.raises(CatalogueError, match=r"b\.yaml.*the id acme"):
        load_catalogue(tmp_path, with_shipped=False)


def test_subsidiaries_are_the_other_side_of_parents(tmp_path: Path) -> None:
    text = YAML + "- {id: group, name: Acme Group, subsidiaries: [acme]}\n- {id: lite, name: Lite, parent: acme}\n"
    catalogue = load_catalogue(write(tmp_path, "own.yaml", text), with_shipped=False)
    assert catalogue.entities["acme"].parent == "group"
    assert catalogue.subsidiaries == {"group": ("acme",), "acme": ("lite",)}


def test_an_entity_of_ones_own_may_say_which_item_it_is(tmp_path: Path) -> None:
    own = "- {id: crm-17, name: Zorbexair, wikidata: Q66}\n- {id: b2, name: Plane Parts, parent: crm-17}\n"
    catalogue = load_catalogue(write(tmp_path, "own.yaml", own))
    assert "Q66" not in catalogue.entities
    assert (catalogue.entities["crm-17"].item, catalogue.entities["Q312"].item) == ("Q66", "Q312")
    assert catalogue.entities["b2"].item is None
    assert [one.entity.id for one in Linker(catalogue).link("Zorbexair is late")] == ["crm-17"]


def test_a_shipped_subsidiary_follows_its_parents_new_id(tmp_path: Path) -> None:
    child = next(e for e in load_catalogue().entities.values() if e.parent)
    own = f"- {{id: crm-18, name: Parentco, wikidata: {child.parent}}}\n"
    assert str(child.parent).startswith("Q")
    assert load_catalogue(write(tmp_path, "own.yaml", own)).entities[child.id].parent == "crm-18"


def test_every_field_can_be_given_in_a_table(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "own.csv",
        "id,name,products,industry,description,country,parent,subsidiaries,wikidata,ambiguous,namesakes\n"
        "zb,Zorbex,Zed|Zee,airline,flies,us,,ql,Q123,zed: a letter|zorbex: a river,Zorbex: a song\n"
        "ql,Quillomat,,,,,,,,,\n",
    )
    catalogue = load_catalogue(path, with_shipped=False)
    entity = catalogue.entities["zb"]
    assert (entity.products, entity.industry, entity.country, entity.item) == (
        ("Zed", "Zee"),
        ("airline",),
        "us",
        "Q123",
    )
    assert entity.ambiguous == {"zed": "a letter", "zorbex": "a river"}
    assert entity.namesakes == {"Zorbex": "a song"}
    assert catalogue.entities["ql"].parent == "zb"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "- {id: x}", "name"),
        ("a.yaml", "- {id: x, name: X, nmae: y}", "nmae"),
        ("a.yaml", "- {id: 'a b', name: X}", "id"),
        ("a.yaml", "- {id: x, name: X, fame: 7}", "fame"),
        ("a.yaml", "- {id: x, name: X}\n- {id: x, name: Y}", "twice"),
        ("a.yaml", "- {id: x, name: X, parent: nobody}", "nobody"),
        ("a.yaml", "- {id: x, name: X, parent: y}\n- {id: y, name: Y, parent: x}", "its own forebear"),
        ("a.yaml", "- {id: x, name: X, subsidiaries: [nobody]}", "nobody"),
        ("a.yaml", "- {id: x, name: X, subsidiaries: [y]}\n- {id: y, name: Y, parent: z}\n- {id: z, name: Z}", "is z"),
        ("a.yaml", "- {id: x, name: X, wikidata: P31}", "wikidata"),
        ("a.csv", "id,name,ambiguous\nx,X,no note\n", "without a note"),
        ("a.yaml", "just: a mapping", "list"),
        ("a.yaml", "[unclosed", "YAML"),
        ("a.yaml", "- !!python/object/apply:os.system [true]", "Expected"),
        ("a.csv", "id,name\nx,X,more\n", "cells"),
        ("a.csv", "id,name,handles\nx,X,NoNetwork\n", "network"),
        ("a.jsonl", '{"id":"x","name":"X"}\n{"id":"y"}\n', "line 2"),
        ("a.jsonl", "nonsense\n", "line 1"),
        ("a.txt", "", "kind"),
    ],
)
def test_wrong_files_say_where_and_what(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(CatalogueError) as error:
        load_catalogue(path, with_shipped=False)
    assert said in str(error.value)
    assert name in str(error.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read"):
        load_catalogue(tmp_path / "none.yaml")


BRANDS = """qid,label,aliases,description,categories,countries,twitter,facebook,instagram,website
Q1,Acme Burgers,Acme|acme burgers,burger chain,amenity/fast_food,us,AcmeBurgers,,,https://www.acmeburgers.example/x
Q2,Zorbex,,toy shops,shop/toys,gb,zorbex,,,https://www.facebook.com/zorbex
Q3,Zorbex Express,Zorbex,small toy shops,shop/toys,gb,zorbex,,,
Q4,Fennicware,,pans,shop/kitchen,de,,fennic.ware,fennic_pans,
Q5,Mottling Pans,,pans,shop/kitchen,de,1234567,https://www.facebook.com/mottling,a b,
"""
ORGANISATIONS = "qid,label,description,twitter\nQ9,Quuxco Inc.,maker of things,quuxco\n"
SHARES = """Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded
QUX,"Quuxco, Inc.",Industrials,Things,Somewhere,2000-01-01,1,1999
ZBX,Zorbex,Consumer Discretionary,Toys,Elsewhere,2000-01-01,2,1999
NEW,Frobnitz Corporation,Energy,Oil,Elsewhere,2000-01-01,3,1999
"""
KNOWN = """
- id: acme-burgers
  name: Acme Burgers
  handles: {twitter: [AcmeBurgers, AcmeHelp]}
  fame: 0.6
"""


def test_build_joins_the_lists(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{i}.csv", text) for i, text in enumerate((BRANDS, ORGANISATIONS, SHARES))]
    known = write(tmp_path, "known.yaml", KNOWN)
    out = tmp_path / "out.jsonl"
    count = build(paths, out, well_known=known)
    entities = {entity.id: entity for entity in read_entities(out)}
    assert count == len(entities)
    assert set(entities) == {"Q1", "Q2", "Q3", "Q4", "Q5", "Q9", "sp500-new"}
    assert entities["Q4"].handles == {"facebook": ("fennic.ware",), "instagram": ("fennic_pans",)}
    assert entities["Q5"].handles == {}
    assert entities["Q1"].handles == {"twitter": ("AcmeBurgers", "AcmeHelp")}
    assert entities["Q1"].description == "burger chain"
    assert (entities["Q2"].name, entities["Q2"].tickers, entities["Q2"].sites) == ("Zorbex", ("ZBX",), ())
    assert entities["Q3"].handles == {}
    assert (entities["Q9"].name, entities["Q9"].tickers) == ("Quuxco", ("QUX",))
    assert (entities["sp500-new"].name, entities["sp500-new"].aliases) == ("Frobnitz", ("Frobnitz Corporation",))


def test_build_is_deterministic(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{i}.csv", text) for i, text in enumerate((BRANDS, ORGANISATIONS, SHARES))]
    build(paths, tmp_path / "a.jsonl")
    build(paths[::-1], tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_an_unknown_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="unknown columns"):
        build([write(tmp_path, "x.csv", "a,b\n1,2\n")], tmp_path / "out.jsonl")
