"""What a catalogue holds: companies and brands, and everything by which people call them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=200)]
EntityId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\w:.\-]+$")]


class Entity(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A company or brand.  `id` is its Wikidata id where that is known, else a short name of our own.

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
    ambiguous: dict[str, Annotated[str, Meta(max_length=500)]] = {}
    distinctive: tuple[Name, ...] = ()
    against: tuple[Name, ...] = ()
    homonym: tuple[Name, ...] = ()
    cues: tuple[Name, ...] = ()
    role: Literal["company", "press"] = "company"
    fame: Annotated[float, Meta(ge=-1.0, le=1.0)] = 0.0
    """How likely a name, all else equal, means this entity: -1 hardly known, 1 known to everybody."""


class Catalogue(Struct, frozen=True, kw_only=True):
    """All entities by id, and where they came from."""

    entities: dict[str, Entity]
    source: str = ""

    def __len__(self) -> int:
        return len(self.entities)
