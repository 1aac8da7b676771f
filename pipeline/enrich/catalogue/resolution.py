"""Resolves conflicting claims of brand lists: one owner per handle, site and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pipeline.enrich.catalogue.entities import Entity
from pipeline.text.clean import compact


def resolved(entities: Iterable[Entity], known: set[str]) -> list[Entity]:
    """One owner a handle and a site; aliases that many share, or that are a well-known brand's name, are dropped.

    So are parents that are not in the catalogue, or that make a circle.  `known` are the ids of well-known brands.
    """
    everything = {e.id: e for e in sorted(entities, key=lambda e: (e.id not in known, -e.fame, len(e.id), e.id))}
    shared = Counter(key for e in everything.values() for key in {compact(a) for a in (e.name, *e.aliases)})
    famous = {compact(n) for e in everything.values() if e.id in known for n in (e.name, *e.aliases)}
    owner: dict[str, str] = {}
    for entity in everything.values():
        for handle in (h for names in entity.handles.values() for h in names):
            _claim(owner, f"@{handle.lower()}", entity, everything)
        for site in entity.sites:
            _claim(owner, site, entity, everything)
    out = []
    for entity in everything.values():
        well_known = entity.id in known
        aliases = tuple(
            a for a in entity.aliases if well_known or (shared[compact(a)] <= 2 and compact(a) not in famous)
        )
        handles = {n: tuple(h for h in hs if owner[f"@{h.lower()}"] == entity.id) for n, hs in entity.handles.items()}
        out.append(
            msgspec.structs.replace(
                entity,
                aliases=aliases,
                handles={network: names for network, names in handles.items() if names},
                sites=tuple(s for s in entity.sites if owner[s] == entity.id),
            )
        )
    return _whole(out)


def _claim(owner: dict[str, str], thing: str, entity: Entity, everything: Mapping[str, Entity]) -> None:
    """The first to claim a handle keeps it, unless a later one is named just so and the first is not."""
    holder = owner.setdefault(thing, entity.id)
    plain = compact(thing.split(".")[0])
    named_so = compact(entity.name) == plain and compact(everything[holder].name) != plain
    if holder != entity.id and named_so and everything[holder].fame <= 0.1:
        owner[thing] = entity.id


def _whole(entities: Sequence[Entity]) -> list[Entity]:
    """The same without parents that were left out, and without circles of them."""
    parents = {entity.id: entity.parent for entity in entities}
    for entity in entities:
        if entity.parent not in parents or entity.id in _above(entity.id, parents):
            parents[entity.id] = None
    return [msgspec.structs.replace(entity, parent=parents[entity.id]) for entity in entities]


def _above(name: str, parents: Mapping[str, str | None]) -> set[str]:
    """Those above a company; itself among them where they go in a circle."""
    found: set[str] = set()
    current = parents.get(name)
    while current is not None and current not in found:
        found.add(current)
        current = parents.get(current)
    return found
