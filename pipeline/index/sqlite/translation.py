"""Translates syntax trees of the query language into SQL on the embedded index.

What asks for words of the text becomes one expression of FTS5 as far as that can say it; the rest becomes conditions on
columns, and on the stored JSON where a field has no column.  Everything that was typed goes in as a bound value.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pipeline.contracts.account import author_key
from pipeline.index.language.faults import QueryError
from pipeline.index.language.fields import Field
from pipeline.index.language.tree import (
    Conjunction,
    Disjunction,
    Everything,
    FieldEquals,
    FieldPattern,
    FieldPresent,
    FieldRange,
    Negation,
    Node,
    Nothing,
    TextPattern,
    TextPhrase,
    TextTerm,
    is_text,
)
from pipeline.index.sqlite.schema import HANDLE, LANGUAGE, THREAD, extracted

MAX_EXPANSIONS = 500
"""Words of the index that a pattern may stand for."""

_VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, words, row)"
_NAMED = """
WITH RECURSIVE ids(id) AS (
    SELECT min(entity_id) FROM mentions
    UNION ALL SELECT (SELECT min(entity_id) FROM mentions WHERE entity_id > ids.id) FROM ids WHERE id IS NOT NULL)
SELECT id FROM ids WHERE (SELECT entity_name FROM mentions WHERE entity_id = id LIMIT 1) = ? COLLATE NOCASE
"""
_COLUMNS = {
    "entity": "m.entity_id", "sentiment": "m.label", "network": "m.network", "post": "m.post_id",
    "date": "m.created", "author": HANDLE, "lang": LANGUAGE, "thread": THREAD,
}  # fmt: skip
_NARROW = frozenset(("author", "post", "thread"))


class SqlCondition(NamedTuple):
    """What mentions must have: an expression for the full-text index, and conditions on `mentions m`, with values.

    `narrow` when the conditions find few by an index of their own, so that words are better asked for afterwards.
    """

    match: str | None
    conditions: tuple[str, ...]
    values: tuple[object, ...]
    narrow: bool

    def where(self, *further: str) -> str:
        """The WHERE of all conditions but `match`; empty where there is none."""
        both = (*self.conditions, *further)
        return f" WHERE {' AND '.join(both)}" if both else ""


def condition(db: sqlite3.Connection, node: Node) -> SqlCondition | None:
    """What a tree asks for, or None when it can find nothing.  Raises `QueryError` for a pattern of too many words."""
    node = _resolved(db, node)
    if isinstance(node, Nothing):
        return None
    parts = node.nodes if isinstance(node, Conjunction) else (node,)
    text = tuple(part for part in parts if is_text(part))
    match = _match(Conjunction(text)) if text else None
    rest = [part for part in parts if match is None or not is_text(part)]
    values: list[object] = []
    conditions = tuple(_sql(db, part, values) for part in rest if not isinstance(part, Everything))
    narrow = any(isinstance(part, FieldEquals) and part.field.name in _NARROW for part in rest)
    return SqlCondition(match, conditions, tuple(values), narrow)


def _resolved(db: sqlite3.Connection, node: Node) -> Node:
    """The tree with the words of the index in the place of patterns."""
    match node:
        case TextPattern(pattern):
            if pattern.endswith("*") and pattern[:-1].isalnum():
                return node  # FTS5 knows prefixes
            found = _words_like(db, pattern)
            return TextTerm(pattern, found) if found else Nothing()
        case Negation(inner):
            resolved = _resolved(db, inner)
            return Everything() if isinstance(resolved, Nothing) else Negation(resolved)
        case Conjunction(nodes):
            every = tuple(_resolved(db, each) for each in nodes)
            return Nothing() if any(isinstance(each, Nothing) for each in every) else Conjunction(every)
        case Disjunction(nodes):
            said = tuple(each for each in (_resolved(db, each) for each in nodes) if not isinstance(each, Nothing))
            return Disjunction(said) if said else Nothing()
        case _:
            return node


def _words_like(db: sqlite3.Connection, pattern: str) -> tuple[str, ...]:
    """The words of the index that a pattern stands for; only those that begin like it are gone through."""
    db.execute(_VOCABULARY)
    literal = pattern[: min(pattern.index(sign) for sign in "*?" if sign in pattern)]
    rows = db.execute(
        "SELECT term FROM vocabulary WHERE term >= ? AND term < ? AND term GLOB ? LIMIT ?",
        (literal, literal + "\U0010ffff", pattern, MAX_EXPANSIONS + 1),
    ).fetchall()
    if len(rows) > MAX_EXPANSIONS:
        what = f"the pattern stands for more than {MAX_EXPANSIONS} words"
        raise QueryError(what, pattern, 0, "Give more letters at its beginning")
    return tuple(term for (term,) in rows)


def _match(node: Node) -> str | None:
    """An expression of FTS5, each word a quoted string so that nothing typed is syntax; None where it cannot say it."""
    match node:
        case TextTerm(_, forms):
            return f"({' OR '.join(map(_quoted, forms))})"
        case TextPhrase(words):
            return _quoted(" ".join(words))
        case TextPattern(pattern):
            return f"{_quoted(pattern[:-1])} *"
        case Disjunction(nodes):
            parts = [_match(inner) for inner in nodes]
            return None if None in parts else f"({' OR '.join(filter(None, parts))})"
        case Conjunction(nodes):
            without = [inner.node for inner in nodes if isinstance(inner, Negation)]
            wanted = [_match(inner) for inner in nodes if not isinstance(inner, Negation)]
            unwanted = [_match(inner) for inner in without]
            if not wanted or None in wanted or None in unwanted:
                return None
            both = " AND ".join(filter(None, wanted))
            return f"(({both}) NOT ({' OR '.join(filter(None, unwanted))}))" if unwanted else f"({both})"
        case _:
            return None


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _sql(db: sqlite3.Connection, node: Node, values: list[object]) -> str:
    """A condition on `mentions m`; its values are added to `values`."""
    if is_text(node) and (match := _match(node)) is not None:
        values.append(match)
        return "m.number IN (SELECT rowid FROM words WHERE words MATCH ?)"
    match node:
        case Everything():
            return "1"
        case Negation(inner):
            return f"NOT coalesce({_sql(db, inner, values)}, 0)"
        case Conjunction(nodes) | Disjunction(nodes):
            operator = " AND " if isinstance(node, Conjunction) else " OR "
            return f"({operator.join(_sql(db, inner, values) for inner in nodes)})"
        case FieldEquals(field, value):
            return _equals(db, field, value, values)
        case FieldPattern(field, pattern):
            escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
            columns = ("m.entity_id", "m.entity_name") if field.name == "entity" else (_column(field),)
            values += [escaped] * len(columns)
            return f"({' OR '.join(f'{column} LIKE ? ESCAPE char(92)' for column in columns)})"
        case FieldPresent(field):
            return f"{_column(field)} IS NOT NULL"
        case FieldRange():
            return _between(node, values)
        case _:
            return "0"


def _equals(db: sqlite3.Connection, field: Field, value: str, values: list[object]) -> str:
    if field.name == "entity":
        ids = dict.fromkeys([value, *(id_ for (id_,) in db.execute(_NAMED, (value,)).fetchall()[:100])])
        values += ids
        return f"m.entity_id IN ({','.join('?' * len(ids))})"
    if field.name == "author":
        values += [value, author_key(value.partition(":")[0], value)]
        return f"({HANDLE} = ? COLLATE NOCASE OR m.author_key = ?)"
    values.append(int(value == "true") if field.kind == "flag" else value)
    return (
        f"{_column(field)} = ?{' COLLATE NOCASE' if field.folded and not field.values and field.kind == 'word' else ''}"
    )


def _between(node: FieldRange, values: list[object]) -> str:
    column = _column(node.field)
    parts = []
    for bound, sign, included in ((node.least, ">", node.least_included), (node.most, "<", node.most_included)):
        if bound is not None:
            values.append(int(bound) if node.field.kind == "time" else bound)
            parts.append(f"{column} {sign}{'=' if included else ''} ?")
    return f"({' AND '.join(parts)})" if parts else f"{column} IS NOT NULL"


def _column(field: Field) -> str:
    if field.name == "received":
        return f"CAST(round((julianday({extracted(field.path)}) - 2440587.5) * 86400000.0) AS INTEGER)"
    return _COLUMNS.get(field.name) or extracted(field.path)
