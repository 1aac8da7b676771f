"""Checks a user's catalogue: conflicting claims, and names that are ordinary words."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from pipeline.enrich.catalogue.entities import SHARED_HANDLES, Catalogue, Entity
from pipeline.enrich.catalogue.industries import INDUSTRY_WORDS
from pipeline.enrich.catalogue.loading import SHIPPED, load_catalogue, read_entities
from pipeline.enrich.spelling.names import Kind, kind_of, spellings


class Severity(Enum):
    """A warning changes what is linked; a note explains."""

    WARNING = "warning"
    NOTE = "note"


class CatalogueFinding(NamedTuple):
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
_SHOWN = 5
"""Other companies named in one finding."""


class Claimants:
    """Who claims a name, a handle, a site, a ticker, an item of Wikidata."""

    def __init__(self, entities: dict[str, Entity]) -> None:
        self._by_thing: dict[tuple[str, str], list[Entity]] = {}
        for entity in entities.values():
            for thing in {thing for thing, _ in claimed(entity)}:
                self._by_thing.setdefault(thing, []).append(entity)

    def others(self, thing: tuple[str, str], entity: Entity) -> list[str]:
        """The rivals of an entity for a thing, by name and id; its own family too."""
        return [f"{other.name} ({other.id})" for other in self._by_thing[thing] if other.id != entity.id]


def claimed(entity: Entity) -> Iterator[tuple[tuple[str, str], str]]:
    """What an entity claims, as kind and form, and how its author wrote it."""
    for name in (entity.name, *entity.aliases, *entity.products):
        for form in spellings(name):
            yield ("name", form), name
    for network, handles in entity.handles.items():
        # Companies mostly have one handle on several networks, and it is looked up for all of them.
        scope = "handle" if network in SHARED_HANDLES else network
        yield from (((scope, handle.lstrip("@").lower()), f"@{handle.lstrip('@')} on {network}") for handle in handles)
    yield from ((("site", site.lower()), f"the site {site}") for site in entity.sites)
    yield from ((("ticker", ticker.upper()), f"the ticker {ticker}") for ticker in entity.tickers)
    if entity.item is not None:
        yield ("item", entity.item), f"{entity.item} of Wikidata"


def check(path: Path, *, with_shipped: bool = True) -> list[CatalogueFinding]:
    """What there is to say about the user's catalogue, warnings first.  Raises `CatalogueError` if it is unusable."""
    catalogue = load_catalogue(path, with_shipped=with_shipped)
    shipped = {entity.id: entity for entity in read_entities(SHIPPED)} if with_shipped else {}
    own = [e for e in catalogue.entities.values() if shipped.get(e.id) != e]
    claims = Claimants(catalogue.entities)
    findings = [finding for entity in own for finding in _of(entity, shipped, claims)]
    return sorted(findings, key=lambda f: (f.severity is not Severity.WARNING, f.entity, f.what))


def findings_of(entity: Entity, catalogue: Catalogue) -> list[CatalogueFinding]:
    """What there is to say about one entity of a catalogue that takes nobody's place."""
    return list(_of(entity, {}, Claimants(catalogue.entities)))


def _of(entity: Entity, shipped: dict[str, Entity], claims: Claimants) -> Iterator[CatalogueFinding]:
    title = f"{entity.name} ({entity.id})"
    replaced = shipped.get(entity.id) or shipped.get(entity.wikidata or "")
    if replaced is not None:
        yield CatalogueFinding(Severity.NOTE, title, f"takes the place of the shipped {replaced.name} ({replaced.id})")
    yield from (CatalogueFinding(severity, title, what) for severity, what in _names(entity))
    yield from (CatalogueFinding(Severity.WARNING, title, what) for what in _conflicts(entity, claims))
    for industry in entity.industry:
        if industry not in INDUSTRY_WORDS:
            known = ", ".join(sorted(INDUSTRY_WORDS))
            what = f"the industry {industry!r} has no words to go by; known are {known}"
            yield CatalogueFinding(Severity.WARNING, title, what)


def _names(entity: Entity) -> Iterator[tuple[Severity, str]]:
    """What its names mean besides."""
    settled = {form for name in (*entity.distinctive, *entity.ambiguous) for form in spellings(name)}
    doubtful = {form for name in entity.ambiguous for form in spellings(name)}
    for name in (entity.name, *entity.aliases, *entity.products):
        forms = spellings(name)
        if not forms:
            yield Severity.WARNING, f"{name!r} is too short to be searched for"
            continue
        kind = kind_of(forms[0])
        if kind is not Kind.DISTINCT and forms[0] not in settled:
            yield Severity.WARNING, f"{name!r} {_MEANS[kind]}: {_ADVICE}"
        if forms[0] in doubtful and not entity.homonym:
            yield Severity.NOTE, f"{name!r} is told apart better with {_WORDS_HELP}"


def _conflicts(entity: Entity, claims: Claimants) -> Iterator[str]:
    """What others claim too, each thing once, and what becomes of it."""
    reported: set[str] = set()
    for thing, written in claimed(entity):
        others = claims.others(thing, entity)
        if not others or written in reported:
            continue
        reported.add(written)
        rivals = ", ".join(others[:_SHOWN]) + (f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else "")
        if thing[0] == "name":
            yield f"{written!r} is also a name of {rivals}: a post goes to the one that more speaks for, or to none"
        elif thing[0] == "item":
            yield f"{written} is also {rivals}: they are one company, so leave one of them"
        else:
            yield f"{written} is also listed for {rivals}: a post goes to the better known one, so leave it with one"
