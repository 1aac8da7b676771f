"""Parser of the query language: bounded; faults are shown with their place.

    query      = any
    any        = all { OR all }
    all        = item { [AND] item }
    item       = ( NOT | - ) item | "(" any ")" | field values | phrase | pattern | word
    values     = value | "(" value { [OR | ,] value } ")"

Operators are written in capitals, so that “late or lost” is three words.  Words beside each other must all occur.
"""

from __future__ import annotations

from datetime import datetime

from pipeline.index.language.dates import UNITS
from pipeline.index.language.faults import QueryError
from pipeline.index.language.fields import BOUNDS, FIELDS, Field
from pipeline.index.language.lexer import Token, tokens
from pipeline.index.language.tree import (
    Disjunction,
    Everything,
    Negation,
    Node,
    Nothing,
    TextPhrase,
    TextTerm,
    conjunction,
)
from pipeline.index.language.values import DATE_WORDS, date_range, field_value, text_pattern
from pipeline.index.language.words import forms, searchable, words

MAX_TERMS = 64
"""Words, phrases and values in one query."""
MAX_DEPTH = 16
"""Brackets and negations within each other."""
MAX_PATTERNS = 8
"""Patterns (`suit*`) in one query: each costs a search among the words of the index."""


def parse(query: str, now: datetime) -> Node:
    """The syntax tree of a query; `now` is what dates in words go by.  Blank text is everything.

    Raises `QueryError`.

    >>> from datetime import UTC
    >>> parse("lost OR -sentiment:positive", datetime(2026, 3, 1, tzinfo=UTC)).nodes[1].node.value
    'positive'
    """
    if not query.strip():
        return Everything()
    parser = _Parser(query, now)
    node = parser.any(0)
    parser.expect_end()
    return node if parser.terms else Nothing()


class _Parser:
    """One reading of one query."""

    def __init__(self, query: str, now: datetime) -> None:
        self._query = query
        self._now = now
        self._tokens = tokens(query)
        self._at = 0
        self.terms = 0
        self._patterns = 0

    def any(self, depth: int) -> Node:
        nodes = [self._all(depth)]
        while self._next.kind == "or":
            operator = self._advance()
            self._need_item(operator)
            nodes.append(self._all(depth))
        said = [node for node in nodes if not isinstance(node, Everything)]
        return said[0] if len(said) == 1 else Disjunction(tuple(said)) if said else Everything()

    def expect_end(self) -> None:
        token = self._next
        if token.kind == "close":
            raise self._fault("a bracket is closed that was not opened", token, "Remove it, or open one before")

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _advance(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _all(self, depth: int) -> Node:
        self._need_item(None)
        nodes = [self._item(depth)]
        while self._next.kind not in ("or", "close", "end"):
            if self._next.kind == "and":
                self._need_item(self._advance())
            nodes.append(self._item(depth))
        return conjunction(nodes)

    def _need_item(self, operator: Token | None) -> None:
        token = self._next
        if token.kind not in ("end", "close", "or", "and"):
            return
        if operator is not None:
            raise self._fault(f"{operator.text} has nothing behind it", operator, "Write a word there, or remove it")
        if token.kind in ("or", "and"):
            todo = f'Write a word there; to search for the word itself, write "{token.text}" in quotes'
            raise self._fault(f"{token.text} has nothing before it", token, todo)
        raise self._fault("the brackets are empty", token, "Write a word in them, or remove them")

    def _item(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._fault("too many brackets within each other", self._next, f"At most {MAX_DEPTH}")
        token = self._advance()
        if token.kind == "not":
            self._need_item(token)
            node = self._item(depth + 1)
            return node if isinstance(node, Everything) else Negation(node)
        if token.kind == "open":
            node = self.any(depth + 1)
            if self._next.kind != "close":
                raise self._fault("a bracket is not closed", token, "Put a ) where it ends")
            self._advance()
            return node
        if token.kind == "field":
            return self._field(token)
        return self._text(token)

    def _text(self, token: Token) -> Node:
        """A word, a pattern or a phrase of the text."""
        if token.kind == "quoted":
            found = words(searchable(token.text))
            self._count(token, len(found))
            return TextPhrase(tuple(found)) if found else Everything()
        if token.text == "*":
            self._count(token)
            return Everything()
        if "*" in token.text or "?" in token.text.rstrip("?"):
            pattern = text_pattern(self._query, token)
            if pattern is not None:
                self._count(token, pattern=True)
                return pattern
        found = words(searchable(token.text))
        self._count(token, len(found))
        return conjunction([TextTerm(word, forms(word)) for word in found])

    def _field(self, name: Token) -> Node:
        """A field with its value, or with several of which it has one."""
        if name.text in BOUNDS:
            value = self._value(name, "date")
            return date_range(self._query, FIELDS["date"], ">=" if BOUNDS[name.text] else "<", value, self._now)
        field = FIELDS[name.text]
        if field.kind == "text":
            token = self._value(name, field.name)
            return self._text(token)
        if self._next.kind == "open":
            return self._several(name, field)
        return field_value(self._query, field, name.sign, self._value(name, field.name), self._now)

    def _several(self, name: Token, field: Field) -> Node:
        """Values in brackets, of which the field has one."""
        bracket = self._advance()
        nodes: list[Node] = []
        while self._next.kind != "close":
            if self._next.kind == "end":
                raise self._fault("a bracket is not closed", bracket, "Put a ) where it ends")
            if self._next.kind == "or" and nodes:
                self._advance()
            value = self._value(name, field.name)
            nodes.append(field_value(self._query, field, name.sign, value, self._now))
        if not nodes:
            raise self._fault("the brackets are empty", bracket, f"Such as {field.name}:(one OR another)")
        self._advance()
        return nodes[0] if len(nodes) == 1 else Disjunction(tuple(nodes))

    def _value(self, name: Token, field: str) -> Token:
        """The value after a field; of a date all of its words."""
        token = self._next
        if token.kind not in ("word", "quoted"):
            examples = ", ".join(FIELDS[field].values[:3]) if field in FIELDS else ""
            hint = f", such as {examples}" if examples else ""
            raise self._fault(f"{name.text}{name.sign} has no value", name, f"Write one behind it{hint}")
        self._advance()
        if FIELDS[field].kind == "time" and token.kind == "word" and token.text.lower() in DATE_WORDS:
            for _ in range(2):
                following = self._next
                if following.kind != "word" or not _date_goes_on(token.text, following.text):
                    break
                self._advance()
                token = Token("word", f"{token.text} {following.text}", token.start, following.end)
        if "*" in token.text and token.kind == "word":
            self._count(token, pattern=token.text != "*")
        else:
            self._count(token)
        return token if token.kind == "quoted" else token._replace(text=token.text.strip(","))

    def _count(self, token: Token, terms: int = 1, *, pattern: bool = False) -> None:
        self.terms += terms
        self._patterns += pattern
        if self.terms > MAX_TERMS:
            raise self._fault("the search is too long", token, f"Search for at most {MAX_TERMS} words and values")
        if self._patterns > MAX_PATTERNS:
            raise self._fault("too many patterns", token, f"At most {MAX_PATTERNS} words with * or ?")

    def _fault(self, what: str, token: Token, todo: str) -> QueryError:
        return QueryError(what, self._query, token.start, todo)


def _date_goes_on(said: str, following: str) -> bool:
    """Whether a date in words has a further word: a number or a unit."""
    parts = said.lower().split()
    unit = following.lower().strip(",").removesuffix("s") in UNITS
    return unit if len(parts) == 2 else unit or (following.isdigit() and parts[0] != "this")
