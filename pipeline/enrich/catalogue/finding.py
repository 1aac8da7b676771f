"""Finds companies of a catalogue by what a person types: id, name, handle, site, with slips.

Names are compared without capitals, blanks, signs and accents.  Nothing here decides whom a post is about; that is the
linker's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.errors import TerminalError
from pipeline.text.clean import compact

MAX_TYPED = 200
"""Characters of a name that is searched for."""
ALIKE = 0.75
"""Least likeness (Ratcliff and Obershelp, 1988; 1 for equals) of a name with slips."""
CLEARLY = 0.2
"""By how much better known one of several companies of a name must be to be meant without asking (`fame`)."""
_RANKS = ("id", "name", "alias", "handle", "site", "product")


class CompanyMatch(NamedTuple):
    """A company, what of it was matched, and how well: 1 the same, more than 0.5 begins so, else a likeness."""

    entity: Entity
    kind: str
    matched: str
    likeness: float


class UnknownCompany(TerminalError):
    """No company of the catalogue is called so; `similar` are those that are called nearly so."""

    def __init__(self, name: str, similar: list[CompanyMatch]) -> None:
        self.similar = similar
        nearest = ", ".join(f"{m.entity.name} ({m.entity.id})" for m in similar[:3])
        hint = f"Did you mean {nearest}? Else" if nearest else "To follow it,"
        super().__init__(
            "no company of the catalogue is called so", subject=name[:MAX_TYPED],
            todo=f'{hint} add it: groundswell catalogue add "{name[:MAX_TYPED]}"',
        )  # fmt: skip


class AmbiguousCompany(TerminalError):
    """Several companies have this name and none is much better known; `entities` are those."""

    def __init__(self, name: str, entities: list[Entity]) -> None:
        self.entities = entities
        listed = ", ".join(f"{e.id} ({e.name}{f', {e.country}' if e.country else ''})" for e in entities[:6])
        super().__init__("is a name of several companies", subject=name, todo=f"Give an id: {listed}")


def find(catalogue: Catalogue, typed: str, limit: int = 10) -> list[CompanyMatch]:
    """Companies that are called so or nearly so: the same name first, then those that begin so, then the alike."""
    text = typed.strip()[:MAX_TYPED].lstrip("@")
    wanted = _plain(text)
    if not wanted:
        return []
    found = [match for entity in catalogue.entities.values() if (match := _exact(entity, text, wanted))]
    if len(found) < limit:
        seen = {match.entity.id for match in found}
        rest = (entity for entity in catalogue.entities.values() if entity.id not in seen)
        found += [match for entity in rest if (match := _alike(entity, wanted))]
    found.sort(key=lambda m: (-round(m.likeness, 2), _RANKS.index(m.kind), -m.entity.fame, m.entity.id))
    return found[:limit]


def company_named(catalogue: Catalogue, typed: str) -> Entity:
    """The company that is meant by an id, a name or a handle.

    Raises `UnknownCompany`, or `AmbiguousCompany` where several have the name and none is much better known.
    """
    if (entity := catalogue.entities.get(typed.strip())) is not None:
        return entity
    matches = find(catalogue, typed)
    same = [match for match in matches if match.likeness == 1.0]
    if not same:
        raise UnknownCompany(typed, matches)
    by_name = [m.entity for m in same if m.kind == "name"] or [m.entity for m in same if m.kind == same[0].kind]
    best = sorted(by_name, key=lambda e: (-e.fame, e.id))
    if len(best) > 1 and best[0].fame - best[1].fame < CLEARLY:
        raise AmbiguousCompany(typed, best)
    return best[0]


def _called(entity: Entity) -> Iterator[tuple[str, str]]:
    """Everything that an entity is called, with its kind."""
    yield "id", entity.id
    yield "name", entity.name
    for alias in entity.aliases:
        yield "alias", alias
    for names in entity.handles.values():
        for handle in names:
            yield "handle", handle
    for site in entity.sites:
        yield "site", site
    for product in entity.products:
        yield "product", product


def _exact(entity: Entity, text: str, wanted: str) -> CompanyMatch | None:
    for kind, called in _called(entity):
        if called.casefold() == text.casefold() or (kind != "id" and _plain(called) == wanted):
            return CompanyMatch(entity, kind, called, 1.0)
    return None


def _alike(entity: Entity, wanted: str) -> CompanyMatch | None:
    """The most alike of an entity's names; None when none is alike enough."""
    best: CompanyMatch | None = None
    letters = set(wanted)
    for kind, called in _called(entity):
        if kind == "id":
            continue
        name = _plain(called)
        if len(wanted) >= 3 and name.startswith(wanted):
            likeness = 0.8 + 0.19 * len(wanted) / len(name)
        elif abs(len(name) - len(wanted)) > 2 or len(letters ^ set(name)) > 4 or min(len(name), len(wanted)) < 4:
            continue
        else:
            likeness = SequenceMatcher(None, wanted, name, autojunk=False).ratio()
        if likeness >= ALIKE and (best is None or likeness > best.likeness):
            best = CompanyMatch(entity, kind, called, min(likeness, 0.99))
    return best


def _plain(name: str) -> str:
    """A name without capitals, blanks, signs and accents."""
    return compact("".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)))
