"""Entity linker: candidates by exact search, then a decision on log-odds for each.

Handles decide by themselves; names that are ordinary words need evidence (`log_odds.py`).  Nobody is an answer.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline.contracts.mentions import EntityRef
from pipeline.contracts.values import LinkHow
from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.linking.context import Occurrence, PostContext
from pipeline.enrich.linking.log_odds import Certain, at, certain_of, context, decide, score, unknown
from pipeline.enrich.linking.markers import CLEAR, SURE, UNCLEAR, LinkCandidate, Markers, spans
from pipeline.enrich.linking.namesakes import NAMESAKE, is_namesake
from pipeline.enrich.linking.platforms import as_name
from pipeline.enrich.linking.reader import MOST, ContextReader, Question
from pipeline.enrich.linking.senses import Senses
from pipeline.enrich.linking.shape import shape
from pipeline.enrich.linking.surfaces import Surfaces, compile_surfaces
from pipeline.enrich.spelling.names import Kind
from pipeline.enrich.spelling.obfuscation import SHORTEST, obfuscated
from pipeline.text.clean import Folded, fold

MAX_CHARACTERS = 20_000
"""How much of a text is searched."""
MAX_NAMES = 400
"""Names that are looked at in one post, the longest first."""
READ = frozenset((Kind.COMMON, Kind.PHRASE))
"""Kinds of names for which a reader is asked: ordinary words, which mean something else in talk of something else.  A
short name or a person's has no other meaning that talk of it would be near to."""
MAX_LINKS = 16
"""Entities that one post is linked to at most; the surest are kept."""
_DISTINCT = Kind.DISTINCT
"""At hand: looking one up costs as much as a comparison of words."""


class Linked(NamedTuple):
    """An entity that a post is about, and the span of the text that says so."""

    entity: EntityRef
    surface: str
    how: LinkHow
    confidence: float
    start: int
    end: int


class Considered(NamedTuple):
    """A candidate with its log-odds in nats (`score`; `read` of it by a reader), for a person who asks why."""

    entity: EntityRef
    surface: str
    how: LinkHow
    confidence: float
    start: int
    end: int
    kind: Kind
    linked: bool
    score: float = 0.0
    read: float = 0.0


class Linker:
    """Links posts to the entities of a catalogue.

    Guarantees: any Unicode is accepted; spans lie inside the text and `text[start:end]` is the surface; each entity
    comes once; the answer depends on the text and the network alone.  A `reader` may add to the evidence.
    """

    def __init__(self, catalogue: Catalogue, reader: ContextReader | None = None) -> None:
        self.catalogue = catalogue
        self.reader = reader
        self._table: Surfaces = compile_surfaces(catalogue)
        self._refs = [EntityRef(id=e.id, name=e.name) for e in self._table.entities]
        self._markers = Markers(self._table)
        self._clear = {
            name: form for name, form in self._table.forms.items()
            if len(name) >= SHORTEST and all(sense.kind is _DISTINCT for sense in self._table.senses[form])
        }  # fmt: skip
        self._senses = Senses(self._table)

    def link(self, text: str, network: str = "twitter") -> list[Linked]:
        """The entities that a text is about, in the order in which they are named."""
        return [Linked(*c[:6]) for c in self.consider(text, network) if c.linked]

    def consider(self, text: str, network: str = "twitter") -> list[Considered]:
        """Every candidate, linked or not; of each entity the surest."""
        text = text[:MAX_CHARACTERS]
        found = list(self._markers.find(text, network))
        folded = fold(text)
        hits = self._hits(folded.text)
        if not found and not hits:
            return []
        found += self._decide(text, folded, hits, found)
        if self.reader is not None:
            found = self._read(text, found, self.reader)
        return self._resolve(text, found)

    def owner(self, handle: str | None, network: str = "twitter") -> Entity | None:
        """The company whose own account this is, by its listed handles only."""
        number = self._markers.listed(handle, network) if handle else None
        return None if number is None else self._table.entities[number]

    def _hits(self, text: str) -> list[tuple[int, int, int]]:
        """(start, end, form) of names that stand free in folded text; the longest of those that overlap.

        A name inside a handle, a hashtag or a link does not stand free, nor do an agent's initials (`^HP`).  Names
        that mean nothing else are found obfuscated too (`Amaz0n`).
        """
        lengths = self._table.lengths
        last = len(text)
        free: list[tuple[int, int, int]] = []
        for stop, form in self._table.find(text):
            end = stop + 1
            if end < last and (text[end].isalnum() or text[end] == "_"):
                continue
            start = end - lengths[form]
            before = text[start - 1] if start else " "
            if before.isalnum() or before in "@#_$^" or (before == "'" and _is_irish(text, start)):
                continue
            free.append((start, end, form))
        free += obfuscated(text, self._clear)
        if not free:
            return free
        marked = spans(text)
        if len(free) == 1:
            start, end, _ = free[0]
            return [] if marked and any(left < end and start < right for left, right in marked) else free
        taken = bytearray(last)
        for left, right in marked:
            taken[left:right] = b"\x01" * (right - left)
        free.sort(key=_longest_first)
        out: list[tuple[int, int, int]] = []
        for start, end, form in free:
            if 1 not in taken[start:end]:
                taken[start:end] = b"\x01" * (end - start)
                out.append((start, end, form))
        return sorted(out[:MAX_NAMES])

    def _decide(
        self, text: str, folded: Folded, hits: list[tuple[int, int, int]], marked: list[LinkCandidate]
    ) -> list[LinkCandidate]:
        """A score for each name found, with the certain ones speaking for the doubtful of the same entity."""
        certain = {found.entity for found in marked if found.score >= SURE}
        doubtful, out = [], []
        for start, end, form in hits:
            plain = self._senses.plain(form)
            if plain is None:
                doubtful.append((start, end, form))
                continue
            entity, how, value, alone, industry = plain
            left, right = folded.span(start, end)
            if is_namesake(text, left, right, industry):
                value += NAMESAKE
            elif alone:
                certain.add(entity)
            out.append(LinkCandidate(entity, how, value, left, right))
        tags = [f for f in marked if f.how == "hashtag" and f.kind is not _DISTINCT and f.score < SURE]
        if doubtful or tags:
            around = PostContext(text, folded)
            known = certain_of(certain, self._table.entities)
            for tag in tags:
                company = self._table.entities[tag.entity]
                doubtful_word = unknown(company, tag.kind)
                said = context(company.industry, self._senses.lexicon(tag.entity), doubtful_word, around.talk)
                out.append(tag._replace(score=tag.score + said))
            out += [self._best_sense(form, Occurrence(around, start, end), known) for start, end, form in doubtful]
        return out

    def _best_sense(self, form: int, occurrence: Occurrence, certain: Certain) -> LinkCandidate:
        """The likeliest meaning of a name; less sure when another is nearly as likely."""
        meanings = self._senses.all(form) if certain.entities else self._senses.alike(form)
        shapes: dict[Kind, float] = {_DISTINCT: 0.0}
        best, second, chosen = -99.0, -99.0, meanings[0]
        for meaning in meanings:
            shaped = shapes.get(meaning.kind)
            if shaped is None:
                shaped = shapes[meaning.kind] = shape(meaning.kind, occurrence)
            value = shaped + score(meaning, occurrence, certain) + meaning.sense.doubt
            if meaning.names_platform:
                value += as_name(occurrence.before, occurrence.after, occurrence.around.talk.words)
            if value > best:
                best, second, chosen = value, best, meaning
            elif value > second:
                second = value
            if meaning.others:
                second = max(second, value)
        if best - second < CLEAR:
            best -= UNCLEAR
        if is_namesake(occurrence.around.text, occurrence.left, occurrence.right, chosen.entity.industry):
            best += NAMESAKE
        return LinkCandidate(
            chosen.sense.entity, chosen.sense.how, best, occurrence.left, occurrence.right, chosen.kind
        )

    def _read(self, text: str, found: list[LinkCandidate], reader: ContextReader) -> list[LinkCandidate]:
        """The candidates with what the reader says of those that it may turn, which is asked of the most doubtful
        first."""
        doubts = [
            (doubt, i)
            for i, candidate in enumerate(found)
            if candidate.kind in READ and (doubt := abs(candidate.score - at(candidate.kind))) < MOST
        ]
        asked = [i for _, i in sorted(doubts)]
        entities = self._table.entities
        answers = reader.nats(
            [Question(text, f.start, f.end, entities[f.entity], f.score) for f in (found[i] for i in asked)]
        ) if asked else ()  # fmt: skip
        out = list(found)
        for i, said in zip(asked, answers, strict=True):
            nats = max(-MOST, min(MOST, said))
            out[i] = found[i]._replace(score=found[i].score + nats, read=round(nats, 3))
        return out

    def _resolve(self, text: str, found: list[LinkCandidate]) -> list[Considered]:
        """Of each entity the surest candidate, at most `MAX_LINKS` linked, in order of place."""
        if len(found) > 1:
            best: dict[int, LinkCandidate] = {}
            for candidate in found:
                if candidate.entity not in best or candidate.score > best[candidate.entity].score:
                    best[candidate.entity] = candidate
            found = sorted(best.values(), key=_surest_first) if len(best) > MAX_LINKS else list(best.values())
        out = []
        for rank, candidate in enumerate(found):
            entity, how, value, start, end, kind, read = candidate
            sure, enough, rounded = decide(value, kind)
            linked = enough and rank < MAX_LINKS
            out.append(
                Considered(self._refs[entity], text[start:end], how, sure, start, end, kind, linked, rounded, read)
            )
        if len(out) > 1:
            out.sort(key=_in_order_of_text)
        return out


def _is_irish(text: str, start: int) -> bool:
    """Whether what starts here is the rest of a family name such as O'Connor."""
    return text.endswith("o'", max(0, start - 2), start) and not text[max(0, start - 3) : start - 2].isalnum()


def _surest_first(candidate: LinkCandidate) -> tuple[float, int, int]:
    return -candidate.score, candidate.start, candidate.entity


def _in_order_of_text(considered: Considered) -> tuple[int, int, str]:
    return considered.start, considered.end, considered.entity.id


def _longest_first(hit: tuple[int, int, int]) -> tuple[int, int]:
    return hit[0] - hit[1], hit[0]
