"""Entities of a catalogue: companies and brands, with every name people use for them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=200)]
EntityId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\w:.\-]+$")]
WikidataId = Annotated[str, Meta(max_length=20, pattern=r"^Q[1-9][0-9]*$")]
SHARED_HANDLES = frozenset(("twitter", "x", "threads", "instagram", "facebook"))
"""Networks on which a handle is one word, and on which companies mostly have the same one."""

_WIKIDATA = re.compile(r"Q[1-9][0-9]*")


class Entity(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A company or brand.  `id` is its Wikidata id where that is known, else a short name of our own; `wikidata` says
    which item of Wikidata it is where the id is another (see `item`).

    `industry` is its category, by the names of our own list.  `namesakes` says of a name what else is called so, for a
    person to read; it changes nothing.
    `distinctive` names need no evidence although they are words or names of people; `ambiguous` ones need it although
    no word list has them, with a note of what else they mean.  `against` are words beside which an ambiguous name means
    something else, `homonym` words of that something else, which count wherever they stand in a post; `cues` are words
    that speak for the entity, beyond those of its `industry`.
    """

    id: EntityId
    name: Name
    aliases: tuple[Name, ...] = ()
    handles: dict[str, tuple[Name, ...]] = {}
    """Accounts of the company's own, by network, without the @."""
    products: tuple[Name, ...] = ()
    tickers: tuple[Name, ...] = ()
    sites: tuple[Name, ...] = ()
    """Domains without `www.`."""
    industry: tuple[Name, ...] = ()
    description: Annotated[str, Meta(max_length=1000)] = ""
    country: Annotated[str, Meta(max_length=8)] = ""
    parent: EntityId | None = None
    subsidiaries: tuple[EntityId, ...] = ()
    """As good as naming this one as their `parent`; `Catalogue.subsidiaries` has them all, however they are given."""
    wikidata: WikidataId | None = None
    ambiguous: dict[str, Annotated[str, Meta(max_length=500)]] = {}
    namesakes: dict[str, Annotated[str, Meta(max_length=500)]] = {}
    distinctive: tuple[Name, ...] = ()
    against: tuple[Name, ...] = ()
    homonym: tuple[Name, ...] = ()
    cues: tuple[Name, ...] = ()
    role: Literal["company", "press"] = "company"
    fame: Annotated[float, Meta(ge=-1.0, le=1.0)] = 0.0
    """How likely a name, all else equal, means this entity: -1 hardly known, 1 known to everybody."""

    @property
    def item(self) -> str | None:
        """The item of Wikidata, where it is known."""
        return self.wikidata or (self.id if _WIKIDATA.fullmatch(self.id) else None)


class Catalogue(Struct, frozen=True, kw_only=True, dict=True):
    """All entities by id, and where they came from."""

    entities: dict[str, Entity]
    source: str = ""

    def __len__(self) -> int:
        return len(self.entities)

    @cached_property
    def subsidiaries(self) -> dict[str, tuple[str, ...]]:
        """The ids of the companies right below each that has some, in the order of the catalogue."""
        below: dict[str, list[str]] = {}
        for entity in self.entities.values():
            if entity.parent is not None:
                below.setdefault(entity.parent, []).append(entity.id)
        return {parent: tuple(ids) for parent, ids in below.items()}
