"""Translates syntax trees of the query language into queries of Elasticsearch."""

from __future__ import annotations

from typing import Any

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

Clause = dict[str, Any]


def clause(node: Node) -> Clause:
    """A query of the server for a tree.  Nothing that was typed is syntax there."""
    match node:
        case Everything():
            return {"match_all": {}}
        case Nothing():
            return {"match_none": {}}
        case TextTerm(_, forms):
            return _either([{"match_phrase": {"text": form}} for form in forms])
        case TextPhrase(words):
            return {"match_phrase": {"text": " ".join(words)}}
        case TextPattern(pattern):
            return {"wildcard": {"text": {"value": pattern}}}
        case Negation(inner):
            return {"bool": {"must_not": [clause(inner)]}}
        case Conjunction(nodes):
            text = [clause(inner) for inner in nodes if is_text(inner)]
            return {"bool": {"must": text, "filter": [clause(inner) for inner in nodes if not is_text(inner)]}}
        case Disjunction(nodes):
            return _either([clause(inner) for inner in nodes])
        case FieldEquals(field, value):
            return _equals(field, value)
        case FieldPattern(field, pattern):
            escaped = pattern.replace("\\", "\\\\").replace("?", "\\?")
            paths = ("entity.id", "entity.name") if field.name == "entity" else (field.path,)
            return _either([{"wildcard": {path: {"value": escaped, "case_insensitive": True}}} for path in paths])
        case FieldPresent(field):
            return {"exists": {"field": field.path}}
        case FieldRange():
            return _between(node)


def _either(clauses: list[Clause]) -> Clause:
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def _equals(field: Field, value: str) -> Clause:
    if field.kind == "flag":
        return {"term": {field.path: value == "true"}}
    if field.name == "entity":
        return _either([{"term": {"entity.id": value}}, _folded("entity.name", value)])
    if field.name == "author":
        return _either([_folded("author.handle", value), {"term": {"author.id": value}}])
    return _folded(field.path, value) if field.folded and not field.values else {"term": {field.path: value}}


def _folded(path: str, value: str) -> Clause:
    return {"term": {path: {"value": value, "case_insensitive": True}}}


def _between(node: FieldRange) -> Clause:
    time = node.field.kind == "time"
    span: Clause = {"format": "epoch_millis"} if time else {}
    for bound, sign, included in ((node.least, "gt", node.least_included), (node.most, "lt", node.most_included)):
        if bound is not None:
            span[f"{sign}e" if included else sign] = int(bound) if time else bound
    return {"range": {node.field.path: span}}
