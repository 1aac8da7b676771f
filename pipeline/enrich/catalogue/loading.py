"""Loads the shipped catalogue, and the user's YAML, JSON lines or CSV that extend it.

A file that is wrong in any line changes nothing: `CatalogueError` names the file, the entry and what is allowed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.errors import TerminalError

SHIPPED = Path(__file__).parent / "data" / "brands.jsonl"
MAX_BYTES = 256 * 2**20
MAX_ENTITIES = 1_000_000

_LINE = msgspec.json.Decoder(Entity)
_LISTS = frozenset(
    ("aliases", "products", "subsidiaries", "tickers", "sites", "industry", "distinctive", "against", "cues", "homonym")
)
_NOTES = frozenset(("ambiguous", "namesakes"))


class CatalogueError(TerminalError):
    """A catalogue cannot be used; names the file and the entry."""


def load_catalogue(path: Path | None = None, *, with_shipped: bool = True) -> Catalogue:
    """The shipped catalogue, extended by the file or by all files of the folder `path`.

    An entity of the user's with the id of a shipped one, or that says by `wikidata` that it is the same, takes its
    place.  Parents are whole: every one is in the catalogue, nobody is their own forebear, and `subsidiaries` are the
    other side of `parent`.  Raises `CatalogueError`.
    """
    entities = {e.id: e for e in read_entities(SHIPPED)} if with_shipped or path is None else {}
    own: dict[str, Entity] = {}
    for file in _files(path):
        for entity in read_entities(file):
            if entity.id in own:
                raise CatalogueError(
                    f"has the id {entity.id}, which another file of the folder has too", subject=str(file),
                    todo="Ids are unique: leave one of the two",
                )  # fmt: skip
            own[entity.id] = entity
    return Catalogue(entities=family(_extended(entities, own), str(path or SHIPPED)), source=str(path or "shipped"))


def _extended(shipped: dict[str, Entity], own: dict[str, Entity]) -> dict[str, Entity]:
    """The shipped entities with the user's in their places."""
    renamed = {e.wikidata: e.id for e in own.values() if e.wikidata in shipped and e.wikidata not in own}
    remaining = (e for e in shipped.values() if e.id not in renamed)
    moved = (msgspec.structs.replace(e, parent=renamed[e.parent]) if e.parent in renamed else e for e in remaining)
    return {e.id: e for e in moved} | own


def read_entities(path: Path) -> list[Entity]:
    """The entities of one file, by its ending: `.jsonl`, `.yaml`, `.yml` or `.csv`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CatalogueError(f"is larger than {MAX_BYTES:,} bytes", subject=str(path), todo="Split it")
        data = path.read_bytes()
    except OSError as error:
        raise CatalogueError(f"cannot be read ({error.strerror})", subject=str(path)) from error
    readers = {".jsonl": _jsonl, ".yaml": _yaml, ".yml": _yaml, ".csv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise CatalogueError("is of no known kind", subject=str(path), todo=f"Use one of {', '.join(readers)}")
    entities = reader(data, str(path))
    _check_unique(entities, str(path))
    return entities


def _files(path: Path | None) -> list[Path]:
    if path is None:
        return []
    if path.is_dir():
        found = sorted(f for f in path.iterdir() if f.suffix.lower() in (".jsonl", ".yaml", ".yml", ".csv"))
        if not found:
            raise CatalogueError("has no catalogue file", subject=str(path), todo="Put a .yaml or .csv file there")
        return found
    return [path]


def _jsonl(data: bytes, name: str) -> list[Entity]:
    out = []
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            try:
                out.append(_LINE.decode(line))
            except msgspec.DecodeError as error:
                raise CatalogueError(str(error), subject=f"{name}, line {number}") from error
            except UnicodeDecodeError as error:
                raise CatalogueError("is not UTF-8", subject=f"{name}, line {number}") from error
    return out


def _yaml(data: bytes, name: str) -> list[Entity]:
    return [convert(entry, f"{name}, entry {n}") for n, entry in enumerate(parse_yaml(data, name), start=1)]


def parse_yaml(data: bytes, name: str) -> list[Any]:
    """A list of plain values.  Every scalar is text, so that the brands `On` and `No` are not truth values."""
    try:
        content = yaml.load(data, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - builds text only
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CatalogueError(f"is not YAML ({error})", subject=name) from error
    if not isinstance(content, list):
        raise CatalogueError("should be a list of entities", subject=name, todo="Write one `- id: …` an entity")
    return content


def _csv(data: bytes, name: str) -> list[Entity]:
    """Columns are the fields; lists are parted by `|`; `handles` is `network:handle|network:handle`; `ambiguous` and
    `namesakes` are `name: what else it means|name: ...`."""
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"is not CSV in UTF-8 ({error})", subject=name) from error
    out = []
    for number, row in enumerate(rows, start=2):
        subject = f"{name}, line {number}"
        if None in row or None in row.values():
            raise CatalogueError("has more or fewer cells than the header", subject=subject)
        entry: dict[str, Any] = {key: value for key, value in row.items() if value}
        for key in _LISTS & entry.keys():
            entry[key] = [part.strip() for part in entry[key].split("|") if part.strip()]
        if "handles" in entry:
            entry["handles"] = parse_handles(entry["handles"], subject)
        for key in _NOTES & entry.keys():
            entry[key] = parse_notes(entry[key], subject)
        out.append(convert(entry, subject))
    return out


def parse_notes(cell: str, subject: str) -> dict[str, str]:
    """`name: what else it means|name: …`.  Raises `CatalogueError`."""
    parts = (part.partition(":") for part in cell.split("|") if part.strip())
    out = {name.strip(): note.strip() for name, _, note in parts}
    if not all(out) or not all(out.values()):
        raise CatalogueError("has a name without a note", subject=subject, todo="Write name: what else it means")
    return out


def parse_handles(cell: str, subject: str) -> dict[str, list[str]]:
    """`network:handle|network:handle`.  Raises `CatalogueError`."""
    out: dict[str, list[str]] = {}
    for part in filter(None, (p.strip() for p in cell.split("|"))):
        network, colon, handle = part.partition(":")
        if not colon or not handle:
            raise CatalogueError(f"handle {part!r} names no network", subject=subject, todo="Write twitter:Handle")
        out.setdefault(network.strip().lower(), []).append(handle.strip().lstrip("@"))
    return out


def convert(entry: Any, subject: str) -> Entity:
    """An entity from plain values, or `CatalogueError` that names the entry and the field."""
    try:
        return msgspec.convert(entry, Entity, strict=False)
    except msgspec.ValidationError as error:
        named = entry.get("name") or entry.get("id") if isinstance(entry, dict) else None
        raise CatalogueError(str(error), subject=f"{subject} ({named})" if named else subject) from error


def _check_unique(entities: Sequence[Entity], name: str) -> None:
    seen: set[str] = set()
    for entity in entities:
        if entity.id in seen:
            raise CatalogueError(f"has the id {entity.id} twice", subject=name, todo="Ids are unique")
        seen.add(entity.id)
    if len(entities) > MAX_ENTITIES:
        raise CatalogueError(f"has more than {MAX_ENTITIES:,} entities", subject=name)


def family(entities: dict[str, Entity], name: str) -> dict[str, Entity]:
    """The same with every `subsidiaries` put down as a `parent`; `CatalogueError` where the two do not fit."""
    out = dict(entities)
    for entity in entities.values():
        for below in entity.subsidiaries:
            child = out.get(below)
            if child is None:
                what = f"names the subsidiary {below}, which is not in the catalogue"
                raise CatalogueError(what, subject=f"{name} ({entity.name})")
            if child.parent not in (None, entity.id):
                what = f"names the subsidiary {below}, whose parent is {child.parent}"
                raise CatalogueError(what, subject=f"{name} ({entity.name})", todo="One company has one parent")
            out[below] = msgspec.structs.replace(child, parent=entity.id)
        if entity.subsidiaries:
            out[entity.id] = msgspec.structs.replace(out[entity.id], subsidiaries=())
    for entity in out.values():
        if entity.parent is not None:
            _check_parent(entity, out, name)
    return out


def _check_parent(entity: Entity, entities: dict[str, Entity], name: str) -> None:
    """Follow the parents up to the top."""
    current, seen = entity, {entity.id}
    while current.parent is not None:
        if current.parent not in entities:
            what = f"names the parent {current.parent}, which is not in the catalogue"
            raise CatalogueError(what, subject=f"{name} ({current.name})")
        if current.parent in seen:
            raise CatalogueError("is its own forebear by `parent`", subject=f"{name} ({entity.name})")
        current = entities[current.parent]
        seen.add(current.id)


def write_entities(entities: Iterable[Entity], path: Path) -> int:
    """Write JSON lines, ordered by id, so that two builds can be compared; gives the number of entities."""
    ordered = sorted(entities, key=lambda e: (len(e.id), e.id))
    encode = msgspec.json.Encoder(order="deterministic").encode
    path.write_bytes(b"".join(encode(entity) + b"\n" for entity in ordered))
    return len(ordered)
