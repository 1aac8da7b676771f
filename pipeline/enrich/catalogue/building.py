"""Builds a catalogue file from lists of brands and exports of Wikidata.

Understood are, by their columns: the brands of the name-suggestion-index joined with Wikidata (`qid,label,aliases,…`),
further organisations (`qid,label,description,twitter`; they lend ids and handles only), and the S&P 500 constituents
(`Symbol,Security,…`); and an export of Wikidata as JSON (`wikidata.py`).  A hand-written YAML of well-known brands goes
before all of them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.catalogue.export import ReportProgress, is_export
from pipeline.enrich.catalogue.industries import industries_of_categories, industry_of_sector
from pipeline.enrich.catalogue.loading import MAX_BYTES, CatalogueError, convert, parse_yaml, write_entities
from pipeline.enrich.catalogue.resolution import resolved
from pipeline.enrich.catalogue.wikidata import read_wikidata
from pipeline.enrich.catalogue_limits import MOST
from pipeline.enrich.spelling.names import Kind, kind_of, spellings
from pipeline.text.clean import compact

WELL_KNOWN = Path(__file__).parent / "data" / "well_known.yaml"
MAX_ALIASES = 24

_SHARED_HOSTS = re.compile(r"(?:^|\.)(?:facebook|instagram|twitter|x|linktr|google|wixsite|blogspot|wordpress)\.")
_LEGAL = re.compile(
    r"(?:,? (?:Inc\.?|plc|Ltd\.?|LLC|L\.P\.|N\.V\.|S\.A\.|& Co\.)| Corporation| Corp\.?| Company| Companies| Group"
    r"| Holdings?| International| Limited| Technologies| Enterprises)+$"
)
_HANDLE = re.compile(r"[\w.]{2,60}")
_BRACKETS = re.compile(r"\s*\((?:The|Class [ABC]|Eli)\)|（[^）]*）")


class Sources(NamedTuple):
    """Rows by kind."""

    brands: list[dict[str, str]]
    organisations: list[dict[str, str]]
    shares: list[dict[str, str]]
    items: list[Entity]
    """The companies of exports of Wikidata."""


def build(
    paths: Sequence[Path],
    out: Path,
    *,
    well_known: Path | None = WELL_KNOWN,
    most: int = MOST,
    report: ReportProgress | None = None,
) -> int:
    """Write a catalogue (JSON lines) from lists, folders of lists and exports; gives the number of entities.

    Of an export the `most` best known companies are taken; `report` is called with how far it has been read.
    Deterministic: the same lists give the same bytes.  Raises `CatalogueError` for a list that is not understood;
    nothing is written then.
    """
    sources = _read(paths, most, report)
    known = _well_known(well_known, sources) if well_known else []
    taken = {entity.id for entity in known} | {q for e in _raw(well_known) for q in e.get("absorbs", ())}
    items = {entity.id: entity for entity in sources.items}
    brands = [_brand(row) for row in sources.brands if row["qid"] not in taken]
    taken |= {brand.id for brand in brands}
    listed = [
        *(_completed(entity, items.get(entity.id)) for entity in known),
        *(_doubted(entity, items.get(entity.id)) for entity in brands),
    ]
    entities = _with_shares([*listed, *(e for e in items.values() if e.id not in taken)], sources)
    return write_entities(resolved(entities, {entity.id for entity in known}), out)


def _completed(entity: Entity, item: Entity | None) -> Entity:
    """An entity of the lists with what Wikidata says besides; what the lists say goes before."""
    if item is None:
        return entity
    seen = {compact(name) for name in (entity.name, *entity.aliases, *entity.products)}
    aliases = [alias for alias in (item.name, *item.aliases) if compact(alias) not in seen and _says_enough(alias)]
    return msgspec.structs.replace(
        entity,
        aliases=(*entity.aliases, *aliases)[: max(MAX_ALIASES, len(entity.aliases))],
        handles=item.handles | entity.handles,
        sites=entity.sites or item.sites,
        products=entity.products or item.products,
        industry=entity.industry or item.industry,
        description=entity.description or item.description,
        country=entity.country or item.country,
        parent=entity.parent or item.parent,
        namesakes=item.namesakes | entity.namesakes,
    )


def _doubted(brand: Entity, item: Entity | None) -> Entity:
    """A brand with what Wikidata says besides, and with the names that better known things have too."""
    completed = _completed(brand, item)
    return completed if item is None else msgspec.structs.replace(completed, ambiguous=item.ambiguous)


def _read(paths: Sequence[Path], most: int, report: ReportProgress | None) -> Sources:
    sources = Sources([], [], [], [])
    for path in (file for given in paths for file in _files(given)):
        if is_export(path):
            sources.items.extend(read_wikidata(path, most=most, report=report))
        else:
            _read_table(path, sources)
    return sources


def _files(path: Path) -> list[Path]:
    """A file by itself, of a folder all tables in it."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
    if not found:
        raise CatalogueError("has no CSV list", subject=str(path), todo="Name the lists, or a folder of them")
    return found


def _read_table(path: Path, sources: Sources) -> None:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CatalogueError(f"is larger than {MAX_BYTES:,} bytes", subject=str(path), todo="Split it")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"cannot be read ({error})", subject=str(path)) from error
    columns = {column for column in rows[0] if column} if rows else set()
    if {"qid", "label", "aliases", "categories"} <= columns:
        sources.brands.extend(rows)
    elif {"qid", "label", "twitter"} <= columns:
        sources.organisations.extend(rows)
    elif {"Symbol", "Security"} <= columns:
        sources.shares.extend(rows)
    else:
        raise CatalogueError(
            f"has the unknown columns {sorted(columns)}", subject=str(path),
            todo="docs/linking.md names the lists that are understood",
        )  # fmt: skip


def _raw(path: Path | None) -> list[dict[str, Any]]:
    return parse_yaml(path.read_bytes(), str(path)) if path else []


def _well_known(path: Path, sources: Sources) -> list[Entity]:
    """The hand-written brands, with the Wikidata id and description that the lists have for them."""
    rows = {row["qid"]: row for row in [*sources.organisations, *sources.brands]}
    by_label: dict[str, list[dict[str, str]]] = {}
    for row in rows.values():
        by_label.setdefault(compact(row["label"]), []).append(row)
    out, renamed = [], {}
    for entry in _raw(path):
        entity = convert({k: v for k, v in entry.items() if k != "absorbs"}, f"{path.name} ({entry.get('name')})")
        match = rows.get(entity.id) or _same(entity, by_label)
        changes: dict[str, Any] = {"distinctive": _sure_names(entity)}
        if match:
            renamed[entity.id] = match["qid"]
            changes |= {"id": match["qid"], "description": entity.description or match.get("description", "")[:1000]}
            changes["handles"] = _accounts(match) | entity.handles
            if not entity.sites and (site := _site(match)):
                changes["sites"] = (site,)
        out.append(msgspec.structs.replace(entity, **changes))
    return [msgspec.structs.replace(e, parent=renamed.get(e.parent or "", e.parent)) for e in out]


def _same(entity: Entity, by_label: Mapping[str, list[dict[str, str]]]) -> dict[str, str] | None:
    """The one listed brand with the same name that also shares a handle, or the only one with that name."""
    handles = {handle.lower() for names in entity.handles.values() for handle in names}
    found = [row for name in (entity.name, *entity.aliases) for row in by_label.get(compact(name), ())]
    for row in found:
        if row.get("twitter", "").lower() in handles:
            return row
    if entity.name in entity.ambiguous:
        return None
    names = (entity.name,) if handles else (entity.name, *entity.aliases)
    by_name = [rows[0] for name in names if len(rows := by_label.get(compact(name), [])) == 1]
    return by_name[0] if by_name else None


def _sure_names(entity: Entity) -> tuple[str, ...]:
    """Of a hand-written entry, the names that need no evidence: all that it does not call ambiguous."""
    doubtful = {form for name in entity.ambiguous for form in spellings(name)}
    names = (entity.name, *entity.aliases, *entity.products)
    return tuple(n for n in names if n.lower() not in doubtful and kind_of(n.lower()) is not Kind.DISTINCT)


def _brand(row: Mapping[str, str]) -> Entity:
    label = _BRACKETS.sub("", row["label"]).strip()
    seen = {compact(label)}
    aliases = []
    for alias in (a.strip() for a in row["aliases"].split("|")):
        key = compact(alias)
        if len(key) >= 2 and len(alias) <= 60 and key not in seen and _says_enough(alias):
            seen.add(key)
            aliases.append(alias)
    countries = [c for c in row["countries"].split(";") if c]
    known = -0.1 if "001" in countries or len(countries) >= 5 else -0.6
    site = _site(row)
    return Entity(
        id=row["qid"],
        name=label,
        aliases=tuple(aliases[:MAX_ALIASES]),
        handles=_accounts(row),
        sites=(site,) if site else (),
        industry=industries_of_categories(row["categories"]),
        description=row["description"][:1000],
        country=countries[0][:2] if len(countries) == 1 else "",
        fame=known,
    )


def _accounts(row: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The accounts that a list has for a company; what is no handle (numbers, addresses) is left out."""
    named = {network: row.get(network, "") for network in ("twitter", "facebook", "instagram")}
    return {network: (name,) for network, name in named.items() if _HANDLE.fullmatch(name) and not name.isdecimal()}


def _site(row: Mapping[str, str]) -> str:
    """The domain of a brand's own site; empty where it has none."""
    host = (urlsplit(row.get("website", "")).hostname or "").removeprefix("www.")
    return "" if _SHARED_HOSTS.search(host) else host


def _says_enough(alias: str) -> bool:
    """Whether another name of a little-known brand is more than ordinary words, with an article or without."""
    return kind_of(alias.lower().removeprefix("the ")) not in (Kind.COMMON, Kind.PHRASE)


def _with_shares(entities: list[Entity], sources: Sources) -> list[Entity]:
    """Add the ticker to the entity of the same company, or the company where there is none."""
    by_ticker = {ticker: i for i, e in enumerate(entities) for ticker in e.tickers}
    by_name: dict[str, int] = {}
    for i, entity in enumerate(entities):
        by_name.setdefault(compact(entity.name), i)
    ids = {compact(_short(row["label"])): row for row in sources.organisations}
    out = list(entities)
    for row in sources.shares:
        security = _BRACKETS.sub("", row["Security"]).strip()
        short = _short(security)
        positions = (by_ticker.get(row["Symbol"]), by_name.get(compact(security)), by_name.get(compact(short)))
        at = next((position for position in positions if position is not None), None)
        if at is not None:
            entity = out[at]
            tickers = tuple(dict.fromkeys((*entity.tickers, row["Symbol"])))
            out[at] = msgspec.structs.replace(entity, tickers=tickers, fame=max(entity.fame, 0.2))
        else:
            by_name[compact(short)] = len(out)
            out.append(_share(row, security, short, ids.get(compact(short))))
    return out


def _share(row: Mapping[str, str], security: str, short: str, listed: Mapping[str, str] | None) -> Entity:
    return Entity(
        id=listed["qid"] if listed else f"sp500-{row['Symbol'].lower()}",
        name=short,
        aliases=(security,) if security != short else (),
        handles=_accounts(listed) if listed else {},
        tickers=(row["Symbol"],),
        industry=industry_of_sector(row["GICS Sector"]),
        description=f"{row['GICS Sub-Industry']}, {row['Headquarters Location']}",
        country="us",
        fame=-0.1,
    )


def _short(name: str) -> str:
    """A company's name as people say it; kept whole where an ordinary word or a person's name would be left."""
    name = _BRACKETS.sub("", name).strip()
    short = _LEGAL.sub("", name).strip(" ,")
    return short if len(short) >= 3 and kind_of(short.lower()) not in (Kind.COMMON, Kind.NAME) else name
