"""Reading an export of Wikidata: what is taken from it, and that no fault in it does more harm than it must."""

from __future__ import annotations

import bz2
import gzip
import json
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.commands.knowledge.catalogue import app
from pipeline.enrich.catalogue import CatalogueError, Entity, load_catalogue
from pipeline.enrich.catalogue import export as export_module
from pipeline.enrich.catalogue.building import build
from pipeline.enrich.catalogue.classes import Subclasses, industries_of_labels
from pipeline.enrich.catalogue.export import Export, is_export
from pipeline.enrich.catalogue.wikidata import fame, read_wikidata

AIRLINE, BRAND, BUSINESS, COMPANY, HUMAN = "Q901", "Q431289", "Q4830453", "Q783794", "Q5"


def claim(value: str, **more: Any) -> dict[str, Any]:
    held: Any = {"entity-type": "item", "id": value} if value[:1] == "Q" and value[1:].isdigit() else value
    return {"mainsnak": {"snaktype": "value", "datavalue": {"value": held}}, "rank": "normal", **more}


def item(number: int, label: str, about: str = "", also: tuple[str, ...] = (), links: int = 3, **claims: Any) -> Any:
    """An item as the dumps have it; each claim a value, a list of them, or a whole statement."""
    said = {}
    for name, given_values in claims.items():
        several = given_values if isinstance(given_values, list) else [given_values]
        said[name] = [one if isinstance(one, dict) else claim(one) for one in several]
    return {
        "type": "item",
        "id": f"Q{number}",
        "labels": {"en": {"language": "en", "value": label}, "de": {"language": "de", "value": "x" + label}},
        "descriptions": {"en": {"language": "en", "value": about}} if about else [],
        "aliases": {"en": [{"language": "en", "value": other} for other in also]} if also else [],
        "claims": said or [],
        "sitelinks": {f"w{n}": {"site": f"w{n}", "title": label} for n in range(links)} or [],
    }


EXPORT = [
    item(30, "United States", links=300, P297="US"),
    item(901, "airline", P279="Q902"),
    item(902, "transport company", P279=BUSINESS),
    item(903, "airline industry"),
    item(
        1000, "Zorbex Air", "airline of nowhere", ("Zorbex", "ZBX Airways", "zorbex air"), 40,
        P31=AIRLINE, P452="Q903", P17="Q30", P749="Q1001", P856="https://www.zorbexair.example/en",
        P2002=["ZorbexAir", claim("OldZorbex", rank="deprecated"), claim("HelpZorbex", rank="preferred")],
        P2013="zorbexair", P2003="zorbex.air", P12361="zorbexair.example", P4033="air@social.zorbex.example",
        P1056=["Q1100", "Q1101"],
    ),
    item(1001, "Zorbex Group", "holding", links=10, P31=COMPANY, P355=["Q1000", "Q1002"]),
    item(1002, "Zorbex Lite", "cheap airline", links=5, P31=AIRLINE),
    item(1003, "Quillomat", "maker of pens", links=8, P31=BUSINESS,
         P127=[claim("Q1001", qualifiers={"P582": [{"snaktype": "value"}]}), "Q1004"]),
    item(1004, "Fennic Brands", links=2, P31=BRAND),
    item(1005, "Wide Holding", links=2, P31=BUSINESS, P127=["Q1001", "Q1004"]),
    item(1100, "SkyTally", "frequent flyer programme"),
    item(1101, "air travel", "travel by air"),
    item(1102, "Quillo 3", "pen", links=4, P176="Q1003"),
    item(1200, "Zorbex", "a river in the far north", links=90),
    item(1201, "Quillomat", "a song", links=1),
    item(1202, "Quillomat", "Wikimedia disambiguation page", links=2),
    item(1300, "Jane Doe", "a person", links=99, P31=HUMAN),
    item(1301, "Some Band", "a band", P31="Q215380"),
    {"type": "property", "id": "P31", "labels": {}, "claims": {}},
]  # fmt: skip


def written(folder: Path, items: list[Any] | None = None, name: str = "export.json") -> Path:
    """An array with an item a line, as the dumps are."""
    path = folder / name
    lines = ",\n".join(json.dumps(one) for one in (EXPORT if items is None else items))
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> dict[str, Entity]:
    return {entity.id: entity for entity in read_wikidata(path, **options)}


def test_what_is_taken_of_a_company(tmp_path: Path) -> None:
    entity = read(written(tmp_path))["Q1000"]
    assert (entity.name, entity.aliases) == ("Zorbex Air", ("Zorbex", "ZBX Airways"))
    assert entity.handles == {
        "twitter": ("HelpZorbex", "ZorbexAir"),
        "facebook": ("zorbexair",),
        "instagram": ("zorbex.air",),
        "bluesky": ("zorbexair.example",),
        "mastodon": ("air@social.zorbex.example",),
    }
    assert (entity.sites, entity.country, entity.parent) == (("zorbexair.example",), "us", "Q1001")
    assert (entity.description, entity.industry) == ("airline of nowhere", ("airline",))
    assert entity.products == ("SkyTally",)  # and not "air travel", which is no name
    assert entity.fame == fame(40)


def test_only_companies_are_taken_by_the_classes_of_the_export(tmp_path: Path) -> None:
    assert set(read(written(tmp_path))) == {"Q1000", "Q1001", "Q1002", "Q1003", "Q1004", "Q1005"}


def test_parents_come_from_either_side_and_owners_of_the_past_and_of_shares_are_none(tmp_path: Path) -> None:
    entities = read(written(tmp_path))
    assert {i: e.parent for i, e in entities.items() if e.parent} == {
        "Q1000": "Q1001",
        "Q1002": "Q1001",
        "Q1003": "Q1004",
    }


def test_a_product_that_names_its_maker_is_a_product_of_it(tmp_path: Path) -> None:
    assert read(written(tmp_path))["Q1003"].products == ("Quillo 3",)


def test_namesakes_are_told_and_better_known_ones_make_a_name_doubtful(tmp_path: Path) -> None:
    entities = read(written(tmp_path))
    assert entities["Q1000"].namesakes == {"Zorbex": "a river in the far north"}
    assert entities["Q1000"].ambiguous == {"zorbex": "a river in the far north"}
    assert (entities["Q1003"].namesakes, entities["Q1003"].ambiguous) == ({"Quillomat": "a song"}, {})


def test_circles_of_parents_are_opened(tmp_path: Path) -> None:
    ring = [item(n, f"Ringco {n}", P31=COMPANY, P749=f"Q{n % 3 + 1}") for n in (1, 2, 3)]
    entities = read(written(tmp_path, [*ring, item(4, "Selfco", P31=COMPANY, P749="Q4")]))
    assert sum(entity.parent is None for entity in entities.values()) == 2
    assert entities["Q4"].parent is None


def test_the_best_known_are_kept(tmp_path: Path) -> None:
    many = [item(n, f"Company {n}", links=n % 50, P31=COMPANY) for n in range(1, 300)]
    assert list(read(written(tmp_path, many), most=3)) == ["Q49", "Q99", "Q149"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_compressed_export_is_the_same(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = written(tmp_path)
    packed = tmp_path / "packed"
    packed.write_bytes(pack(path.read_bytes()))
    assert is_export(packed)
    assert read(packed) == read(path)


def test_plain_json_lines_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "lines.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in EXPORT), encoding="utf-8")
    assert read(path) == read(written(tmp_path))


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"nonsense", b'{"id": 5}', b"[1, 2]", b'"text"', b"\xff\xfe", b'{"id":"Q7","claims":{"P31":{}}}',
        b'{"id":"Q7","claims":{"P31":[{}]}}', b'{"id":"Q7","claims":{"P31":[{"mainsnak":{"datavalue":{"value":7}}}]}}',
        b'{"id":"Q7","labels":"none"}', b"[" * 100_000, b'{"id":' * 50_000,
    ],
)  # fmt: skip
def test_a_broken_line_costs_itself_only(tmp_path: Path, line: bytes) -> None:
    whole = written(tmp_path).read_bytes().splitlines()
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"\n".join([*whole[:4], line + b",", *whole[4:]]))
    assert read(broken) == read(written(tmp_path))
    export = Export(broken)
    assert sum(1 for _ in export.items()) == len(EXPORT) - 1
    assert export.broken == 1


@pytest.mark.parametrize("made", ["", "[\n]\n", "{}\n{}\n", "a,b\n1,2\n"])
def test_what_is_no_export_is_refused(tmp_path: Path, made: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(made)
    with pytest.raises(CatalogueError, match=r"x\.json"):
        read_wikidata(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
@pytest.mark.parametrize("fault", ["cut", "flipped"])
def test_a_damaged_file_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes], fault: str) -> None:
    noise = random.Random(5)
    many = [item(n, f"Company {noise.getrandbits(64)}", P31=COMPANY) for n in range(1, 2_000)]
    data = bytearray(pack(written(tmp_path, many).read_bytes()))
    path = tmp_path / "damaged"
    if fault == "cut":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CatalogueError, match="cut off or damaged"):
        read_wikidata(path)


def test_a_line_that_never_ends_costs_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "MAX_LINE", 50_000)
    path = tmp_path / "huge.json.gz"
    with gzip.open(path, "wb") as file:
        for one in EXPORT:
            file.write(json.dumps(one).encode() + b",\n")
        file.write(b'{"id":"Q8","labels":{"en":{"value":"')
        for _ in range(200):
            file.write(b"x" * 50_000)
        file.write(b'"}}}\n')
        file.write(json.dumps(item(9, "Lastco", links=1, P31=COMPANY)).encode())
    export = Export(path)
    tracemalloc.start()
    found = [one.id for one in export.items()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found[-1], export.broken) == ("Q9", 1)
    assert peak < 4 * 2**20


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        many = [item(n, f"Company {n}", "of some kind " * 20, links=1, P31=COMPANY) for n in range(1, count)]
        path = written(tmp_path, many, f"{count}.json")
        tracemalloc.start()
        read_wikidata(path, most=50)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(200)
    assert peak(2_000) < peak(400) + 300_000


def test_progress_goes_over_all_three_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "REPORT_EVERY", 5)
    told: list[tuple[int, int]] = []
    path = written(tmp_path)
    read_wikidata(path, report=lambda done, whole: told.append((done, whole)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (3 * path.stat().st_size,) * 2


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    with pytest.raises(CatalogueError):
        read_wikidata(path)


KEYS = ["en", "value", "id", "mainsnak", "datavalue", "P31", "P127", "rank", "qualifiers", "P582"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([COMPANY, "Q1", "en"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(fields=st.dictionaries(st.sampled_from(["id", "labels", "claims", "sitelinks", "aliases"]), VALUES))
def test_any_item_is_read_or_passed_over(tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any]) -> None:
    path = written(tmp_path_factory.getbasetemp(), [*EXPORT, fields], "odd.json")
    assert set(read(path)) >= {"Q1000", "Q1001"}


NAMES = st.text(max_size=90) | st.sampled_from(["Zorbex", "river", "A" * 5_000, "\x1b[31m", "\x00", "@", "a|b"])
SAID = st.lists(NAMES, max_size=3)


@settings(max_examples=100, deadline=None)
@given(label=NAMES, about=NAMES, also=SAID, site=NAMES, accounts=SAID, number=st.sampled_from([7, 10**17, 10**40]))
def test_whatever_an_item_says_a_catalogue_of_it_can_be_loaded(
    tmp_path_factory: pytest.TempPathFactory,
    label: str, about: str, also: list[str], site: str, accounts: list[str], number: int,
) -> None:  # fmt: skip
    odd = item(number, label, about, tuple(also), P31=COMPANY, P856=site, P2002=accounts, P4033=accounts, P1056=also,
               P17=label, P749=about)  # fmt: skip
    folder = tmp_path_factory.getbasetemp()
    (folder / "none.yaml").write_text("[]")
    build([written(folder, [*EXPORT, odd, odd], "any.json")], folder / "any.jsonl", well_known=folder / "none.yaml")
    assert "Q1000" in load_catalogue(folder / "any.jsonl", with_shipped=False).entities


def test_subclasses_are_followed_in_any_order_and_in_circles() -> None:
    subclasses = Subclasses()
    subclasses.add("Q3", ["Q2", "nonsense", "Q" + "9" * 30])
    subclasses.add("Q2", ["Q1", "Q3"])
    subclasses.add("Q1", [COMPANY])
    subclasses.add("Q4", [HUMAN])
    assert {"Q1", "Q2", "Q3", COMPANY} <= subclasses.companies()
    assert "Q4" not in subclasses.companies()


def test_industries_by_what_they_are_called() -> None:
    assert industries_of_labels(["fast food restaurant chain", "public company", "retail"]) == ("food", "retail")
    assert industries_of_labels(["video game industry"]) == ("games",)
    assert industries_of_labels([]) == ()


LISTED = """qid,label,aliases,description,categories,countries,twitter,facebook,instagram,website
Q1000,Zorbex Air,ZA,,office/it,us,ZorbexAir,,,
"""


def test_the_lists_go_before_and_the_export_completes_them(tmp_path: Path) -> None:
    (tmp_path / "brands.csv").write_text(LISTED, encoding="utf-8")
    (tmp_path / "known.yaml").write_text("- {id: quill, name: Quillomat, fame: 0.5}\n- {id: Q1001, name: ZX}\n")
    out = tmp_path / "out.jsonl"
    build([tmp_path, written(tmp_path)], out, well_known=tmp_path / "known.yaml")
    catalogue = load_catalogue(out, with_shipped=False)
    air = catalogue.entities["Q1000"]
    assert (air.industry, air.description, air.parent) == (("software",), "airline of nowhere", "Q1001")
    assert air.handles["bluesky"] == ("zorbexair.example",)
    assert (air.aliases, air.ambiguous) == (("ZA", "Zorbex", "ZBX Airways"), {"zorbex": "a river in the far north"})
    assert catalogue.subsidiaries["Q1001"] == ("Q1000", "Q1002")
    assert catalogue.entities["Q1001"].name == "ZX"


def test_build_on_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    done = CliRunner().invoke(app, ["build", str(written(tmp_path)), "--most", "2", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert {"Q1000", "Q1001"} <= set(load_catalogue(out, with_shipped=False).entities)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(written(tmp_path).read_bytes())[:-20])
    done = CliRunner().invoke(app, ["build", str(tmp_path / "cut.gz"), "--out", str(tmp_path / "none.jsonl")])
    assert done.exit_code == 1
    assert "cut.gz: is cut off or damaged" in done.output
    assert not (tmp_path / "none.jsonl").exists()
