"""Queries to the embedded index: searches, counts over time, incidents, dead letters."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention
from pipeline.index.cursor import decode_cursor, encode_cursor, page_end
from pipeline.index.documents import moment
from pipeline.index.protocol import DeadLetter, FieldCount, Page, PartField, Query, Volume
from pipeline.index.query import (
    MAX_SPANS,
    checked,
    checked_ids,
    checked_parts,
    checked_span,
    too_many_spans,
    understood,
)
from pipeline.index.sqlite.schema import LANGUAGE, among, extracted
from pipeline.index.sqlite.translation import SqlCondition, condition

_MENTION = msgspec.json.Decoder(Mention)
_EVENT = msgspec.json.Decoder(IncidentEvent)
_LETTER = msgspec.json.Decoder(DeadLetter)

WALK_COST = 30
"""Mentions that can be read and sorted while the full-text index is asked about a single one (measured)."""

_MEETS = "EXISTS (SELECT 1 FROM words WHERE words MATCH ? AND rowid = m.number)"
_REACH = f"coalesce({extracted('author.followers')}, 0)"
_SORTED = {
    "newest": ("m.created DESC", "m.created", "<"),
    "oldest": ("m.created", "m.created", ">"),
    "reach": (f"{_REACH} DESC", _REACH, "<"),
}
"""By order: what is sorted by, its column, and how what comes after compares."""


def search(db: sqlite3.Connection, query: Query) -> Page:
    """One page of mentions that the query finds, and their number."""
    query = checked(query)
    found = condition(db, understood(query))
    if found is None:
        return Page(0, [])
    total = _total(db, found)
    if query.limit == 0 or total == 0:
        return Page(total, [])
    mentions = [_MENTION.decode(doc) for doc in _page(db, query, found, total)]
    more, mentions = len(mentions) > query.limit, mentions[: query.limit]
    order = query.order if query.order != "best" or found.match is not None else "newest"
    return Page(total, mentions, encode_cursor(page_end(order, mentions[-1])) if more and order != "best" else "")


def volume(db: sqlite3.Connection, query: Query, seconds: int) -> list[Volume]:
    """Mentions by spans that begin at multiples of `seconds` since 1970; empty spans are left out."""
    found = condition(db, understood(checked(query)))
    span = checked_span(seconds) * 1000
    if found is None:
        return []
    rows = db.execute(
        f"SELECT m.created - ((m.created % {span}) + {span}) % {span} AS start, count(*), sum(m.label = 'negative')"
        f" {_from(found)} GROUP BY start ORDER BY start LIMIT {MAX_SPANS + 1}",
        _values(found),
    ).fetchall()
    if len(rows) > MAX_SPANS:
        raise too_many_spans(seconds)
    return [Volume(moment(start), mentions, negative) for start, mentions, negative in rows]


def parts(db: sqlite3.Connection, query: Query, by: PartField, limit: int) -> list[FieldCount]:
    """What a query finds by a field, most first."""
    found = condition(db, understood(checked(query)))
    if found is None:
        return []
    column = {"entity": "m.entity_id", "network": "m.network", "lang": LANGUAGE, "sentiment": "m.label"}[by]
    rows = db.execute(
        f"SELECT {column} AS part, count(*) AS n, sum(m.label = 'negative') {_from(found, f'{column} IS NOT NULL')}"
        " GROUP BY part ORDER BY n DESC, part LIMIT ?",
        (*_values(found), checked_parts(limit)),
    )
    return [FieldCount(*row) for row in rows]


def entities(db: sqlite3.Connection, limit: int) -> list[tuple[str, str, int]]:
    """The entities most mentioned, with the name that they were last given."""
    return db.execute(
        "SELECT entity_id, (SELECT entity_name FROM mentions n WHERE n.entity_id = m.entity_id"
        " ORDER BY created DESC LIMIT 1), count(*) AS n FROM mentions m GROUP BY entity_id"
        " ORDER BY n DESC, entity_id LIMIT ?",
        (limit,),
    ).fetchall()


def count(db: sqlite3.Connection) -> int:
    """Mentions kept."""
    return int(db.execute("SELECT count(*) FROM mentions").fetchone()[0])


def existing(db: sqlite3.Connection, mention_ids: Sequence[str]) -> int:
    """How many of these are kept."""
    return sum(
        1
        for id_ in checked_ids(list(mention_ids))
        if db.execute("SELECT 1 FROM mentions WHERE mention_id = ?", (id_,)).fetchone()
    )


def incidents(db: sqlite3.Connection, open_only: bool, limit: int) -> list[IncidentEvent]:
    """The newest event of each incident, newest first."""
    where = "WHERE open" if open_only else ""
    rows = db.execute(f"SELECT doc FROM incidents {where} ORDER BY at DESC, incident_id LIMIT ?", (limit,))
    return [_EVENT.decode(row[0]) for row in rows]


def incident_history(db: sqlite3.Connection, incident_id: str, limit: int) -> list[IncidentEvent]:
    """The events of one incident, oldest first."""
    rows = db.execute("SELECT doc FROM history WHERE incident_id = ? ORDER BY at, rowid LIMIT ?", (incident_id, limit))
    return [_EVENT.decode(row[0]) for row in rows]


def newest_events(db: sqlite3.Connection, incident_ids: Sequence[str]) -> list[IncidentEvent]:
    """The newest event of each of these incidents."""
    return [_EVENT.decode(doc) for (doc,) in among(db, "SELECT doc FROM incidents WHERE incident_id", incident_ids)]


def events_of(db: sqlite3.Connection, entities: Sequence[str]) -> list[IncidentEvent]:
    """Every event of the incidents of these entities: an incident's id begins with its entity's."""
    found: dict[tuple[str, int], IncidentEvent] = {}
    for entity in entities:
        for table in ("history", "incidents"):
            span = f"SELECT incident_id, at, doc FROM {table} WHERE incident_id >= ? AND incident_id < ?"
            for incident, at, doc in db.execute(span, (f"{entity}:", f"{entity};")):
                event = _EVENT.decode(doc)
                if event.entity.id == entity:
                    found.setdefault((incident, at), event)
    return list(found.values())


def remembered(db: sqlite3.Connection, keys: Sequence[str]) -> set[str]:
    """Those of these keys that are remembered as deleted."""
    return {key for (key,) in among(db, "SELECT key FROM gone WHERE key", keys)}


def dead_letters(db: sqlite3.Connection, stage: str | None, limit: int) -> list[DeadLetter]:
    """Dead letters, newest first."""
    where, values = ("WHERE stage = ?", (stage, limit)) if stage is not None else ("", (limit,))
    rows = db.execute(f"SELECT doc FROM letters {where} ORDER BY first_seen DESC, letter_id LIMIT ?", values)
    return [_LETTER.decode(row[0]) for row in rows]


def dead_letter_counts(db: sqlite3.Connection) -> dict[str, int]:
    """Dead letters by stage and code."""
    return {
        f"{stage}/{code}": number
        for stage, code, number in db.execute("SELECT stage, code, count(*) FROM letters GROUP BY stage, code")
    }


def _from(found: SqlCondition, *further: str) -> str:
    """FROM and WHERE for counting: in the order of numbers, with what is counted by at hand."""
    if found.match is None:
        return f"FROM mentions m{found.where(*further)}"
    if found.narrow:
        return f"FROM mentions m{found.where(*further, _MEETS)}"
    joined = "FROM words CROSS JOIN mentions m INDEXED BY mentions_facets ON m.number = words.rowid"
    return f"{joined}{found.where(*further, 'words MATCH ?')}"


def _values(found: SqlCondition) -> tuple[object, ...]:
    return found.values if found.match is None else (*found.values, found.match)


def _total(db: sqlite3.Connection, found: SqlCondition) -> int:
    if found.match is not None and not found.conditions:
        return int(db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (found.match,)).fetchone()[0])
    return int(db.execute(f"SELECT count(*) {_from(found)}", _values(found)).fetchone()[0])


def _page(db: sqlite3.Connection, query: Query, found: SqlCondition, total: int) -> list[bytes]:
    """The documents of a page and of one more.

    Of words that stand in a large part of all mentions the newest are met soon by going back in time; of others all
    are sorted.
    """
    order = query.order if query.order != "best" or found.match is not None else "newest"
    if order == "best":
        rows = db.execute(
            f"SELECT m.doc {_from(found)} ORDER BY words.rank, m.mention_id LIMIT ? OFFSET ?",
            (*_values(found), query.limit + 1, query.offset),
        )
        return [doc for (doc,) in rows]
    after, values = "1", list[object]()
    if query.after:
        end = decode_cursor(query.after, order)
        column, sign = _SORTED[order][1:]
        after = f"({column} {sign} ? OR ({column} = ? AND m.mention_id > ?)) AND {column} {sign}= ?"
        values = [end.value, end.value, end.mention_id, end.value]
    source = _from(found, after)
    walked = (query.offset + query.limit) * _numbered(db) / total
    if found.match is not None and order in ("newest", "oldest") and not found.narrow and walked * WALK_COST < total:
        source = f"FROM mentions m INDEXED BY mentions_by_time{found.where(after, _MEETS)}"
        given = [*found.values, *values, found.match]
    else:
        given = [*found.values, *values, *(() if found.match is None else (found.match,))]
    rows = db.execute(
        f"SELECT m.doc {source} ORDER BY {_SORTED[order][0]}, m.mention_id LIMIT ? OFFSET ?",
        (*given, query.limit + 1, query.offset),
    )
    return [doc for (doc,) in rows]


def _numbered(db: sqlite3.Connection) -> int:
    """Mentions that were ever stored: their number, or a little more."""
    row = db.execute("SELECT last FROM numbering").fetchone()
    return int(row[0]) if row else 1
