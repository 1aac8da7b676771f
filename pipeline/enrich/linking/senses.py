"""Senses of each name, with the part of the decision that no post changes, cached."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.contracts.values import LinkHow
from pipeline.enrich.linking.lexicon import Lexicon, lexicon_of
from pipeline.enrich.linking.log_odds import Meaning, prior
from pipeline.enrich.linking.markers import CLEAR, UNCLEAR
from pipeline.enrich.linking.platforms import NETWORK
from pipeline.enrich.linking.surfaces import Sense, Surfaces
from pipeline.enrich.spelling.names import Kind

_DISTINCT = Kind.DISTINCT


class Plain(NamedTuple):
    """What a name means whatever stands around it, with its log-odds; `alone` if nothing else is called so."""

    entity: int
    how: LinkHow
    value: float
    alone: bool
    industry: tuple[str, ...]


_UNMET = Plain(-1, "name", 0.0, False, ())


class Senses:
    """The meanings of names, which are given by the numbers of their forms in a table."""

    def __init__(self, table: Surfaces) -> None:
        self._table = table
        self._lexicons: dict[int, Lexicon] = {}
        self._plain: dict[int, Plain | None] = {}
        self._all: dict[int, list[Meaning]] = {}
        self._alike: dict[int, list[Meaning]] = {}

    def plain(self, form: int) -> Plain | None:
        """The meaning of a name for which nothing around it counts; None where something does."""
        known = self._plain.get(form, _UNMET)
        if known is _UNMET:
            known = self._plain[form] = self._whatever_stands_around(form)
        return known

    def all(self, form: int) -> list[Meaning]:
        """Every meaning of a name."""
        known = self._all.get(form)
        if known is None:
            known = self._all[form] = [self._meaning(sense, False) for sense in self._table.senses[form]]
        return known

    def alike(self, form: int) -> list[Meaning]:
        """The meanings of a name, one for all those for which the same counts."""
        known = self._alike.get(form)
        if known is None:
            groups: dict[object, list[Sense]] = {}
            for sense in self._table.senses[form]:
                groups.setdefault(self._profile(sense), []).append(sense)
            known = self._alike[form] = [self._meaning(group[0], len(group) > 1) for group in groups.values()]
        return known

    def lexicon(self, number: int) -> Lexicon:
        """The words for and against an entity."""
        found = self._lexicons.get(number)
        if found is None:
            found = self._lexicons[number] = lexicon_of(self._table.entities[number])
        return found

    def _whatever_stands_around(self, form: int) -> Plain | None:
        senses = self._table.senses[form]
        priors = []
        for sense in senses:
            entity = self._table.entities[sense.entity]
            if sense.kind is not _DISTINCT or entity.against or entity.homonym or NETWORK in entity.industry:
                return None
            priors.append(prior(entity, _DISTINCT))
        best, *others = sorted(priors, reverse=True)
        unclear = others and best - others[0] < CLEAR
        chosen = senses[priors.index(best)]
        industry = self._table.entities[chosen.entity].industry
        return Plain(chosen.entity, chosen.how, best - UNCLEAR if unclear else best, not others, industry)

    def _meaning(self, sense: Sense, others: bool) -> Meaning:
        return Meaning(sense, self._table.entities[sense.entity], self.lexicon(sense.entity), others)

    def _profile(self, sense: Sense) -> object:
        """What decides on a meaning, apart from the post; the entity itself where it has words of its own."""
        entity, lexicon = self._table.entities[sense.entity], self.lexicon(sense.entity)
        if lexicon.has_own or lexicon.named:
            return sense.entity
        return sense.kind, sense.how, sense.doubt, entity.fame, entity.industry
