"""Reading, building and refusing catalogues."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.enrich.catalogue import CatalogueError, load_catalogue
from pipeline.enrich.catalogue.building import build
from pipeline.enrich.catalogue.loading import read_entities
from pipeline.enrich.linker import Linker

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


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "- {id: x}", "name"),
        ("a.yaml", "- {id: x, name: X, nmae: y}", "nmae"),
        ("a.yaml", "- {id: 'a b', name: X}", "id"),
        ("a.yaml", "- {id: x, name: X, fame: 7}", "fame"),
        ("a.yaml", "- {id: x, name: X}\n- {id: x, name: Y}", "twice"),
        ("a.yaml", "- {id: x, name: X, parent: nobody}", "nobody"),
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
    assert set(entities) == {"Q1", "Q2", "Q3", "Q9", "sp500-new"}
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
