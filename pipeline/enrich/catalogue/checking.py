"""Looks through a catalogue for what would surprise its author: shared names and handles, names that are words."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.catalogue.industries import INDUSTRY_WORDS
from pipeline.enrich.catalogue.loading import SHIPPED, load_catalogue, read_entities
from pipeline.enrich.surfaces import spellings
from pipeline.enrich.words import Kind, kind_of


class Severity(Enum):
    """A warning changes what is linked; a note explains."""

    WARNING = "warning"
    NOTE = "note"


class Finding(NamedTuple):
    """Something to know about an entity."""

    severity: Severity
    entity: str
    what: str


_MEANS = {
    Kind.COMMON: "is an ordinary word",
    Kind.SHORT: "is very short",
    Kind.NAME: "is a name of people or places",
    Kind.PHRASE: "is made of ordinary words",
}

_ADVICE = (
    "it links only with evidence beside it. List it in `distinctive` if it needs none, or say in `ambiguous` what else "
    "it means"
)
_WORDS_HELP = (
    "words of its own: list in `homonym` what people say when the name means something else, in `cues` what they say "
    "when it means the company"
)


def check(path: Path, *, with_shipped: bool = True) -> list[Finding]:
    """What there is to say about the user's catalogue, warnings first.  Raises `CatalogueError` if it is unusable."""
    catalogue = load_catalogue(path, with_shipped=with_shipped)
    shipped = {entity.id: entity for entity in read_entities(SHIPPED)} if with_shipped else {}
    own = [e for e in catalogue.entities.values() if shipped.get(e.id) != e]
    names: dict[str, list[Entity]] = {}
    handles: dict[tuple[str, str], list[Entity]] = {}
    for entity in catalogue.entities.values():
        for form in {form for name in (entity.name, *entity.aliases, *entity.products) for form in spellings(name)}:
            names.setdefault(form, []).append(entity)
        for network, listed in entity.handles.items():
            for handle in listed:
                handles.setdefault((network, handle.lower()), []).append(entity)
    findings = [finding for entity in own for finding in _of(entity, shipped, names, handles)]
    return sorted(findings, key=lambda f: (f.severity is not Severity.WARNING, f.entity, f.what))


def _of(
    entity: Entity,
    shipped: dict[str, Entity],
    names: dict[str, list[Entity]],
    handles: dict[tuple[str, str], list[Entity]],
) -> Iterator[Finding]:
    title = f"{entity.name} ({entity.id})"
    if entity.id in shipped:
        yield Finding(Severity.NOTE, title, f"takes the place of the shipped {shipped[entity.id].name}")
    for name in (entity.name, *entity.aliases, *entity.products):
        form = spellings(name)[0] if spellings(name) else ""
        if not form:
            yield Finding(Severity.WARNING, title, f"{name!r} is too short to be searched for")
            continue
        kind = kind_of(form)
        if kind is not Kind.DISTINCT and name not in entity.distinctive and name not in entity.ambiguous:
            yield Finding(Severity.WARNING, title, f"{name!r} {_MEANS[kind]}: {_ADVICE}")
        if name in entity.ambiguous and not entity.homonym:
            yield Finding(Severity.NOTE, title, f"{name!r} is told apart better with {_WORDS_HELP}")
        others = [f"{other.name} ({other.id})" for other in names.get(form, ()) if other.id != entity.id]
        if others:
            shared = f"{name!r} is also a name of {', '.join(others[:5])}"
            yield Finding(Severity.WARNING, title, f"{shared}: a post goes to the one that more speaks for, or to none")
    for network, listed in entity.handles.items():
        for handle in listed:
            rivals = [f"{o.name} ({o.id})" for o in handles[network, handle.lower()] if o.id != entity.id]
            if rivals:
                yield Finding(Severity.WARNING, title, f"@{handle} on {network} is also listed for {', '.join(rivals)}")
    for industry in entity.industry:
        if industry not in INDUSTRY_WORDS:
            known = ", ".join(sorted(INDUSTRY_WORDS))
            yield Finding(
                Severity.WARNING, title, f"the industry {industry!r} has no words to go by; known are {known}"
            )
