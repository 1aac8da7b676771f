"""Entities from a Wikidata export: its best known companies and brands.

The export is read three times, for what an item refers to may stand anywhere in it: first the classes and countries,
then the companies and the products of makers, then the names of what was referred to, and the namesakes: other things
that are called like a company.  The best known are kept, by the number of encyclopaedias that write about them, so that
memory is bounded by how many are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappush, heappushpop
from math import log2
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog

from pipeline.enrich.catalogue.classes import NO_THING, Subclasses, industries_of_labels
from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.catalogue.export import Export, Item, ReportProgress
from pipeline.enrich.catalogue.loading import CatalogueError
from pipeline.enrich.catalogue_limits import MAX_MOST, MOST
from pipeline.text.clean import compact

MAX_NAME = 60
"""Characters of a name that is kept: nobody writes a longer one."""
MAX_ALIASES, MAX_HANDLES, MAX_PRODUCTS, MAX_REFERENCES = 24, 8, 16, 32
PRODUCTS_EACH = 8
"""Products that are kept for each company asked for, on average, before they are dealt out."""
MAX_COUNTRIES = 1_000

NETWORKS = {"twitter": "P2002", "facebook": "P2013", "instagram": "P2003", "bluesky": "P12361", "mastodon": "P4033"}
"""Where Wikidata has the accounts of a network."""

log = structlog.get_logger()
T = TypeVar("T")


class WikidataCompany(NamedTuple):
    """What is kept of a company while the export is read; other items by their ids."""

    entity: Entity
    renown: int
    parents: tuple[str, ...]
    subsidiaries: tuple[str, ...]
    products: tuple[str, ...]
    kinds: tuple[str, ...]
    country: str


class Namesake(NamedTuple):
    """Something else that is called like a company."""

    renown: int
    id: str
    what: str


class Best(Generic[T]):
    """The `most` best known of what is offered; of equals the one with the lower id."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, int, T]] = []

    def offer(self, item: Item, value: T) -> None:
        entry = (item.renown, -int(item.id[1:]), value)
        if len(self._heap) < self._most:
            heappush(self._heap, entry)
        else:
            heappushpop(self._heap, entry)

    def __iter__(self) -> Iterator[T]:
        """Best known first."""
        return (entry[2] for entry in sorted(self._heap, key=lambda entry: (-entry[0], -entry[1])))


def read_wikidata(path: Path, *, most: int = MOST, report: ReportProgress | None = None) -> list[Entity]:
    """The best known companies of an export, best known first; `report` is called with the progress of all three
    readings.

    Guarantees: memory is bounded by `most` and the longest line; the same export gives the same entities.  Raises
    `CatalogueError` for a file that is damaged or no export, or that holds no company.
    """
    if not 1 <= most <= MAX_MOST:
        raise CatalogueError(f"cannot keep {most:,} companies", subject=str(path), todo=f"Ask for 1 to {MAX_MOST:,}")
    reading = WikidataReader(path, report)
    countries, classes = reading.ground()
    companies, products = reading.companies(classes, most)
    if not companies:
        raise CatalogueError("holds no company or brand with a name", subject=str(path), todo="Is it an export?")
    labels, namesakes = reading.names(companies)
    entities = [_finished(company, labels, countries, products, namesakes) for company in companies.values()]
    log.info(
        "export of Wikidata read", path=str(path), items=reading.export.read, broken=reading.export.broken,
        companies=len(entities),
    )  # fmt: skip
    return _with_parents(entities, companies)


class WikidataReader:
    """The three readings of one export."""

    def __init__(self, path: Path, report: ReportProgress | None) -> None:
        self._round = 0
        self._report = report
        self.export = Export(path, self._progress if report else None)

    def _progress(self, done: int, whole: int) -> None:
        if self._report is not None:
            self._report(self._round * whole + done, 3 * whole)

    def ground(self) -> tuple[dict[str, str], frozenset[str]]:
        """Codes of countries, and the classes whose members are companies."""
        countries: dict[str, str] = {}
        subclasses = Subclasses()
        for item in self.export.items():
            says = item.says
            if says.P279:
                subclasses.add(item.id, says.of("P279"))
            if says.P297 and len(countries) < MAX_COUNTRIES:
                code = next(iter(says.of("P297")), "")
                if len(code) == 2 and code.isascii() and code.isalpha():
                    countries[item.id] = code.lower()
        if subclasses.left_out:
            log.warning("more subclasses than are remembered", path=str(self.export.path), left=subclasses.left_out)
        return countries, subclasses.companies()

    def companies(self, classes: frozenset[str], most: int) -> tuple[dict[str, WikidataCompany], dict[str, list[str]]]:
        """The best known companies by id, and by maker the names of products, best known first."""
        self._round = 1
        found: Best[WikidataCompany] = Best(most)
        made: Best[tuple[str, tuple[str, ...]]] = Best(most * PRODUCTS_EACH)
        for item in self.export.items():
            if not _is_name(item.label):
                continue
            if not classes.isdisjoint(item.says.of("P31")):
                found.offer(item, _company(item))
            elif item.says.P176:
                made.offer(item, (item.label, tuple(item.says.of("P176")[:2])))
        companies = {company.entity.id: company for company in found}
        products: dict[str, list[str]] = {}
        for label, makers in made:
            for maker in makers:
                if maker in companies:
                    products.setdefault(maker, []).append(label)
        return companies, products

    def names(self, companies: dict[str, WikidataCompany]) -> tuple[dict[str, str], dict[str, Namesake]]:
        """The names of what companies refer to by id, and by name (compact) the best known namesake."""
        self._round = 2
        wanted = {i for company in companies.values() for i in (*company.products, *company.kinds)}
        called = {
            compact(name) for company in companies.values() for name in (company.entity.name, *company.entity.aliases)
        }
        labels: dict[str, str] = {}
        namesakes: dict[str, Namesake] = {}
        for item in self.export.items():
            label = item.label
            if item.id in wanted:
                labels[item.id] = label
            if not label or item.id in companies or (key := compact(label)) not in called:
                continue
            what = item.description[:200]
            known = namesakes.get(key)
            if what and not what.startswith(NO_THING) and (known is None or item.renown > known.renown):
                namesakes[key] = Namesake(item.renown, item.id, what)
        return labels, namesakes


def _company(item: Item) -> WikidataCompany:
    """What is kept of an item that is a company."""
    says = item.says
    seen = {compact(item.label)}
    aliases = []
    for alias in item.others:
        key = compact(alias)
        if len(key) >= 2 and _is_name(alias) and key not in seen:
            seen.add(key)
            aliases.append(alias)
    handles = {network: tuple(_handles(says.of(name)))[:MAX_HANDLES] for network, name in NETWORKS.items()}
    owners = says.of("P127")
    return WikidataCompany(
        entity=Entity(
            id=item.id,
            name=item.label,
            aliases=tuple(aliases[:MAX_ALIASES]),
            handles={network: names for network, names in handles.items() if names},
            sites=tuple(site for site in [_host(next(iter(says.of("P856")), ""))] if site),
            description=item.description[:1000],
            fame=fame(item.renown),
        ),
        renown=item.renown,
        # A company with one owner is part of it; one with several has shareholders.
        parents=(*says.of("P749")[:2], *(owners if len(owners) == 1 else ())),
        subsidiaries=tuple(says.of("P355")[:MAX_REFERENCES]),
        products=tuple(says.of("P1056")[:MAX_REFERENCES]),
        kinds=(*says.of("P452")[:4], *says.of("P31")[:4]),
        country=next(iter(says.of("P17")), ""),
    )


def fame(renown: int) -> float:
    """Our measure of how well a name is known, from the number of encyclopaedias: -0.4 for none, 0.1 for 31."""
    return round(min(0.4, 0.1 * log2(1 + renown) - 0.4), 2)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and any(c.isalnum() for c in name)


def _handles(values: Iterable[str]) -> Iterator[str]:
    """Handles without the @ before them; those of Mastodon keep their server."""
    for value in values:
        handle = value.strip().removeprefix("@")
        if 0 < len(handle) <= 200 and not any(c.isspace() for c in handle):
            yield handle


def _host(address: str) -> str:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.") if 0 < len(host) <= 200 and "." in host else ""


def _finished(
    company: WikidataCompany,
    labels: dict[str, str],
    countries: dict[str, str],
    products: dict[str, list[str]],
    namesakes: dict[str, Namesake],
) -> Entity:
    """The entity, with the names of what it refers to."""
    entity = company.entity
    own = {compact(name) for name in (entity.name, *entity.aliases)}
    made = [*(labels.get(i, "") for i in company.products), *products.get(entity.id, ())]
    # What a company makes is often a kind of thing ("smartphone"); only names of things tell who made it.
    proper = [name for name in made if _is_name(name) and name != name.lower() and compact(name) not in own]
    notes = {
        name: namesakes[key]
        for name in (entity.name, *entity.aliases)
        if (key := compact(name)) in namesakes and namesakes[key].id not in company.products
    }
    return msgspec.structs.replace(
        entity,
        products=tuple(dict.fromkeys(proper))[:MAX_PRODUCTS],
        industry=industries_of_labels(labels.get(i, "") for i in company.kinds),
        country=countries.get(company.country, ""),
        namesakes={name: note.what for name, note in notes.items()},
        ambiguous={name.lower(): note.what for name, note in notes.items() if note.renown > company.renown},
    )


def _with_parents(entities: list[Entity], companies: dict[str, WikidataCompany]) -> list[Entity]:
    """Each with its parent, as it says itself or as the parent says; nobody is their own forebear."""
    said: dict[str, list[str]] = {i: [p for p in company.parents if p != i] for i, company in companies.items()}
    for company in companies.values():
        for below in company.subsidiaries:
            if below in said and below != company.entity.id:
                said[below].append(company.entity.id)
    parents: dict[str, str] = {}
    for below, above in said.items():
        for parent in above:
            if parent in companies and below not in _line(parent, parents):
                parents[below] = parent
                break
    return [msgspec.structs.replace(entity, parent=parents.get(entity.id)) for entity in entities]


def _line(name: str, parents: dict[str, str]) -> Iterator[str]:
    """A company and those above it."""
    current: str | None = name
    while current is not None:
        yield current
        current = parents.get(current)
