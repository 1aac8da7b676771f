"""Adds a company to the user's own catalogue: checked as a whole before anything is written."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import msgspec

from pipeline.enrich.catalogue.checking import CatalogueFinding, findings_of
from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.catalogue.loading import CatalogueError, load_catalogue, read_entities
from pipeline.enrich.catalogue.watch_list import replace_file
from pipeline.text.clean import compact

ADDED = "added.jsonl"
"""The file in a folder of catalogues that companies are added to."""


def identifier(name: str) -> str:
    """An id made of a name: small letters, digits and hyphens.

    >>> identifier("Café Señor & Co.")
    'cafe-senor-co'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100] or f"company-{compact(name)[:60]}"


def add(own: Path, entity: Entity) -> list[CatalogueFinding]:
    """Add a company to the catalogue at `own`, a file of JSON lines or a folder; gives what there is to know about it.

    On return it is in the file, and workers that run read it within seconds.  Raises `CatalogueError`, and writes
    nothing, when its id is taken, or it does not fit the rest.
    """
    file = own / ADDED if own.is_dir() else own
    if file.suffix.lower() != ".jsonl":
        raise CatalogueError("is not written to by commands", subject=str(own), todo="Put the company there by hand")
    before = load_catalogue(own if own.exists() else None)
    if entity.id in before.entities:
        raise CatalogueError(
            f"is in the catalogue: {before.entities[entity.id].name}", subject=entity.id,
            todo=f"Follow it: groundswell follow {entity.id}, or give another id by --id",
        )  # fmt: skip
    after = Catalogue(entities=before.entities | {entity.id: entity}, source=before.source)
    if entity.parent is not None and entity.parent not in before.entities:
        raise CatalogueError(f"its parent {entity.parent} is not in the catalogue", subject=entity.id)
    findings = findings_of(entity, after)
    known = read_entities(file) if file.exists() else []
    encode = msgspec.json.Encoder(order="deterministic").encode
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, b"".join(encode(each) + b"\n" for each in (*known, entity)))
    except OSError as error:
        raise CatalogueError(f"cannot be written ({error.strerror})", subject=str(file)) from error
    return findings
