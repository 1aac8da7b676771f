"""Queries to the embedded index: searches, counts over time, incidents, dead letters."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention
from pipeline.contracts.values import milliseconds
from pipeline.index.documents import moment
from pipeline.index.protocol import DeadLetter, Page, Query, Volume
from pipeline.index.query import MAX_SPANS, checked, checked_ids, checked_span, too_many_spans, words
from pipeline.index.sqlite.schema import among, searchable

_MENTION = msgspec.json.Decoder(Mention)
_EVENT = msgspec.json.Decoder(IncidentEvent)
_LETTER = msgspec.json.Decoder(DeadLetter)


def search(db: sqlite3.Connection, query: Query) -> Page:
    """One page of mentions that the query finds, and their number."""
    query = checked(query)
    found = _found(query)
    if found is None:
        return Page(0, [])
    source, values = found
    total = db.execute(f"SELECT count(*) {source}", values).fetchone()[0]
    order = "rank, m.mention_id" if query.order == "best" and "words" in source else "m.created DESC, m.mention_id"
    rows = db.execute(
        f"SELECT m.doc {source} ORDER BY {order} LIMIT ? OFFSET ?", (*values, query.limit, query.offset)
    ).fetchall()
    return Page(total, [_MENTION.decode(row[0]) for row in rows])


def volume(db: sqlite3.Connection, query: Query, seconds: int) -> list[Volume]:
    """Mentions by spans that begin at multiples of `seconds` since 1970; empty spans are left out."""
    found = _found(checked(query))
    if found is None:
        return []
    source, values = found
    span = checked_span(seconds) * 1000
    rows = db.execute(
        "SELECT m.created - ((m.created % ?1) + ?1) % ?1 AS start, count(*), sum(m.label = 'negative')"
        f" {source} GROUP BY start ORDER BY start LIMIT {MAX_SPANS + 1}".replace("?1", str(span)),
        values,
    ).fetchall()
    if len(rows) > MAX_SPANS:
        raise too_many_spans(seconds)
    return [Volume(moment(start), mentions, negative) for start, mentions, negative in rows]


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


def _found(query: Query) -> tuple[str, list[object]] | None:
    """FROM and WHERE of a query with its values, or None when it can find nothing."""
    tables, conditions, values = ["mentions m"], [], list[object]()
    if query.text.strip():
        match = _match(query.text)
        if not match:
            return None
        tables = ["words JOIN mentions m ON m.number = words.rowid"]
        conditions.append("words MATCH ?")
        values.append(match)
    for column, value in (("entity_id", query.entity), ("label", query.sentiment), ("network", query.network)):
        if value is not None:
            conditions.append(f"m.{column} = ?")
            values.append(value)
    if query.since is not None:
        conditions.append("m.created >= ?")
        values.append(milliseconds(query.since))
    if query.until is not None:
        conditions.append("m.created < ?")
        values.append(milliseconds(query.until))
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"FROM {tables[0]}{where}", values


def _match(text: str) -> str:
    """An FTS5 expression in which all the words must occur: each is a quoted string, so that nothing is syntax."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in words(searchable(text)))
