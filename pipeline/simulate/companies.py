"""Invented companies: the ten of the demonstration, and as many more as are asked for."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml
from msgspec import Struct

from pipeline.simulate.limits import MOST_COMPANIES
from pipeline.simulate.phrases import phrases

_FIRST = (
    "Alder Amber Aster Birch Bramble Brindle Cedar Cinder Clover Cobalt Coral Cypress Dapple Ember Fennel Fern Flint "
    "Garnet Hazel Heron Indigo Ivory Jasper Larch Laurel Linden Lupin Magpie Merlin Mistral Nettle Ochre Onyx Osprey "
    "Otter Pebble Pewter Plover Quartz Raven Russet Saffron Sorrel Sparrow Teal Thistle Topaz Umber Walnut Willow"
)
_SECOND = ("field", "ford", "gate", "haven", "hill", "lake", "march", "mere", "moor", "shore", "stone", "vale")
_THIRD = ("", " North", " South", " East", " West", " Upper", " Lower", " Inner", " Outer", " Royal")
NETWORKS = (("demo-bluesky", 60), ("demo-mastodon", 22), ("demo-forum", 12), ("demo-reviews", 6))
"""The imitated networks, with the percentage of threads that begin there; a company's handle is the same on all."""


class Company(Struct, frozen=True, kw_only=True):
    """A company as a catalogue describes it; `industry` is one of the phrase book."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    industry: str
    description: str = ""


def demo_catalogue() -> str:
    """The demonstration's catalogue, YAML, as the linker reads it."""
    return resources.files("pipeline.simulate").joinpath("demo_catalogue.yaml").read_text(encoding="utf-8")


@cache
def demo_companies() -> tuple[Company, ...]:
    """The ten companies of the demonstration."""
    return tuple(_company(entry) for entry in yaml.safe_load(demo_catalogue()))


def companies(count: int) -> tuple[Company, ...]:
    """The first `count` invented companies, always the same; the ten of the demonstration come first.

    Raises `ValueError` for more than `MOST_COMPANIES`.
    """
    if count > MOST_COMPANIES:
        raise ValueError(f"only {MOST_COMPANIES} companies are invented, {count} were asked for")
    return (demo_companies() + tuple(_invent(i) for i in range(count - len(demo_companies()))))[:count]


def catalogue_yaml(chosen: tuple[Company, ...]) -> str:
    """A catalogue of these companies, in the form that the linker reads."""
    entries = [
        {
            "id": company.id,
            "name": company.name,
            "aliases": list(company.aliases),
            "handles": {network: list(company.handles) for network, _ in NETWORKS},
            "products": list(company.products),
            "industry": [company.industry],
            "description": company.description,
        }
        for company in chosen
    ]
    return str(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))


def _company(entry: dict[str, Any]) -> Company:
    return Company(
        id=entry["id"],
        name=entry["name"],
        aliases=tuple(entry["aliases"]),
        handles=tuple(entry["handles"][NETWORKS[0][0]]),
        products=tuple(entry["products"]),
        industry=entry["industry"][0],
        description=entry["description"],
    )


def _invent(number: int) -> Company:
    industries = sorted(phrases().industries)
    words = _FIRST.split()
    rest, first = divmod(number, len(words))
    third, second = divmod(rest, len(_SECOND))
    industry = industries[number % len(industries)]
    name = f"{words[first]}{_SECOND[second]}{_THIRD[third]} {phrases().industries[industry].word}"
    joined = name.replace(" ", "")
    return Company(
        id=f"demo:{name.lower().replace(' ', '-')}",
        name=name,
        aliases=(joined,),
        handles=(joined.lower(),),
        industry=industry,
        description=f"An invented company ({industry}).",
    )
