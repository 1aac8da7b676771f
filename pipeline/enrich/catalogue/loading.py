"""Reads catalogues: the shipped one, and the user's own YAML, JSON lines or CSV that extend it.

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
_LISTS = frozenset(("aliases", "products", "tickers", "sites", "industry", "distinctive", "against", "cues", "homonym"))


class CatalogueError(TerminalError):
    """A catalogue cannot be used; names the file and the entry."""


def load_catalogue(path: Path | None = None, *, with_shipped: bool = True) -> Catalogue:
    """The shipped catalogue, extended by the file or by all files of the folder `path`.

    An entity of the user's with the id of a shipped one takes its place.  Raises `CatalogueError`.
    """
    entities = {e.id: e for e in read_entities(SHIPPED)} if with_shipped or path is None else {}
    for file in _files(path):
        entities |= {entity.id: entity for entity in read_entities(file)}
    _check_parents(entities, str(path or SHIPPED))
    return Catalogue(entities=entities, source=str(path or "shipped"))


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
    """Columns are the fields; lists are parted by `|`; `handles` is `network:handle|network:handle`."""
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
            entry["handles"] = _handles(entry["handles"], subject)
        out.append(convert(entry, subject))
    return out


def _handles(cell: str, subject: str) -> dict[str, list[str]]:
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


def _check_parents(entities: dict[str, Entity], name: str) -> None:
    for entity in entities.values():
        if entity.parent is not None and entity.parent not in entities:
            raise CatalogueError(
                f"names the parent {entity.parent}, which is not in the catalogue", subject=f"{name} ({entity.name})"
            )


def write_entities(entities: Iterable[Entity], path: Path) -> int:
    """Write JSON lines, ordered by id, so that two builds can be compared; gives the number of entities."""
    ordered = sorted(entities, key=lambda e: (len(e.id), e.id))
    encode = msgspec.json.Encoder(order="deterministic").encode
    path.write_bytes(b"".join(encode(entity) + b"\n" for entity in ordered))
    return len(ordered)
