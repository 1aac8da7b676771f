"""Surface forms of all entities, compiled for searching.

Names are found by one Aho–Corasick automaton (Aho and Corasick 1975) over folded text; handles, hashtags, tickers and
sites are found whole and looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import ahocorasick

from pipeline.contracts.values import LinkHow
from pipeline.enrich.catalogue.entities import SHARED_HANDLES, Catalogue, Entity
from pipeline.enrich.spelling.names import Kind, kind_of, spellings
from pipeline.text.common_words import FREQUENT, VERY_FREQUENT, ordinary, ranks

OF_VERY_FREQUENT, OF_FREQUENT = -0.8, -0.4
"""Nats for an ordinary word among the commonest: next, three."""

IN_NAMES = frozenset(("united", "national", "american", "international", "general"))
"""Words that are as frequent only for the names that they are part of: United States."""

_SIGNS = re.compile(r"[\W_]+")


class Sense(NamedTuple):
    """One entity that a form can mean."""

    entity: int
    kind: Kind
    how: LinkHow
    doubt: float = 0.0
    """Nats, at most 0, for an ordinary word that stands in very many posts."""


@dataclass(slots=True)
class Surfaces:
    """Look-up tables from forms to entities; entities are numbers, positions in `entities`."""

    entities: list[Entity]
    senses: list[list[Sense]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    forms: dict[str, int] = field(default_factory=dict)
    compacts: dict[str, int] = field(default_factory=dict)
    """Names without spaces and signs, for handles and hashtags.  Two letters that are left of a name with a sign are
    none, nor is what reads like a plural: `#MS13` is no M&S, `#covermodels` no Model S."""
    handles: dict[str, int] = field(default_factory=dict)
    handles_by_network: dict[tuple[str, str], int] = field(default_factory=dict)
    tickers: dict[str, int] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)
    automaton: ahocorasick.Automaton = field(default_factory=ahocorasick.Automaton)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """(end, form number) of every form in folded text, inside words too; `end` is the last character's place."""
        return self.automaton.iter(text) if self.forms else iter(())


def compile_surfaces(catalogue: Catalogue) -> Surfaces:
    """Compile a catalogue; entities that are better known come first where they share a handle or a site."""
    ordered = sorted(catalogue.entities.values(), key=lambda e: (-e.fame, e.id))
    table = Surfaces(entities=ordered)
    for number, entity in enumerate(ordered):
        _add_names(table, number, entity)
        for network, names in entity.handles.items():
            for name in names:
                handle = name.lstrip("@").lower()
                table.handles_by_network.setdefault((network, handle), number)
                if network in SHARED_HANDLES:
                    table.handles.setdefault(handle, number)
        for ticker in entity.tickers:
            table.tickers.setdefault(ticker.upper(), number)
        for site in entity.sites:
            table.sites.setdefault(site.lower(), number)
    for form, number in table.forms.items():
        table.automaton.add_word(form, number)
    if table.forms:
        table.automaton.make_automaton()
    return table


def _add_names(table: Surfaces, number: int, entity: Entity) -> None:
    sure = {form for name in entity.distinctive for form in spellings(name)}
    doubtful = {form for name in entity.ambiguous for form in spellings(name)}
    doubtful_letters = {name for name in entity.ambiguous if len(name) == 1}
    doubtful |= doubtful_letters
    seen: set[str] = set()
    named: tuple[tuple[LinkHow, tuple[str, ...]], ...] = (
        ("name", (entity.name, *entity.aliases)),
        ("product", entity.products),
    )
    for how, names in named:
        for name in names:
            for form in spellings(name) or [letter for letter in doubtful_letters if letter == name.lower()]:
                if form in seen:
                    continue
                seen.add(form)
                kind = Kind.DISTINCT if form in sure else kind_of(form)
                if form in doubtful and kind is not Kind.NAME:
                    kind = Kind.COMMON
                if kind is Kind.DISTINCT and entity.fame < 0.0 and " " not in form:
                    kind = Kind.RARE
                doubt = _doubt(form) if kind is Kind.COMMON else 0.0
                _add_form(table, form, Sense(number, kind, how, doubt))


def _doubt(form: str) -> float:
    rank = FREQUENT if form in IN_NAMES else ranks().get(form, FREQUENT)
    return OF_VERY_FREQUENT if rank < VERY_FREQUENT else OF_FREQUENT if rank < FREQUENT else 0.0


def _add_form(table: Surfaces, form: str, sense: Sense) -> None:
    at = table.forms.get(form)
    if at is None:
        at = table.forms[form] = len(table.senses)
        table.senses.append([])
        table.lengths.append(len(form))
    table.senses[at].append(sense)
    key, shortest = (form, 2) if form.isalnum() else (_SIGNS.sub("", form), 3)
    if len(key) >= shortest and not (form.endswith(" s") and key in ordinary().common):
        table.compacts.setdefault(key, at)
