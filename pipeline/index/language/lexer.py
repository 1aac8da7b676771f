"""Lexer of the query language: a query as tokens with their places."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from pipeline.index.language.faults import QueryError
from pipeline.index.language.fields import BOUNDS, FIELDS

TokenKind = Literal["open", "close", "quoted", "not", "and", "or", "field", "word", "end"]

QUOTES = '"“”„'
_TOKEN = re.compile(
    rf"""(?P<open>\()
    | (?P<close>\))
    | (?P<quote>[{QUOTES}])
    | (?P<minus>-(?=[^\s\-]))
    | (?P<field>[A-Za-z][A-Za-z_.]*)\s*(?P<sign>:|>=|<=|>|<)(?!//)
    | (?P<word>[^\s(){QUOTES}]+)""",
    re.VERBOSE,
)
_VALUE = re.compile(
    rf"(?P<open>\()|(?P<close>\))|(?P<quote>[{QUOTES}])|(?P<minus>(?!))(?P<field>)(?P<sign>)|(?P<word>[^\s(){QUOTES}]+)"
)
"""Behind the name of a field: colons and hyphens are part of the value, as in ids."""
_BLANK = re.compile(r"\s*")
_OPERATORS: dict[str, TokenKind] = {"AND": "and", "OR": "or", "NOT": "not"}


class Token(NamedTuple):
    """A piece of a query from `start` to `end`; `sign` is what follows the name of a field."""

    kind: TokenKind
    text: str
    start: int
    end: int
    sign: str = ""


def tokens(query: str) -> list[Token]:
    """The tokens of a query, with one of kind ``end`` as the last.  Raises `QueryError` for a quote that is not closed
    and for a field that does not exist."""
    found: list[Token] = []
    at, value, bracket = 0, False, False
    while True:
        blank = _BLANK.match(query, at)
        at = blank.end() if blank else at
        match = (_VALUE if value or bracket else _TOKEN).match(query, at)
        if match is None:
            found.append(Token("end", "", at, at))
            return found
        token = _token(query, match)
        found.append(token)
        bracket = (value and token.kind == "open") or (bracket and token.kind != "close")
        value = token.kind == "field"
        at = token.end


def _token(query: str, match: re.Match[str]) -> Token:
    start, end = match.span()
    if match["quote"]:
        return _quoted(query, start)
    if match["minus"]:
        return Token("not", "-", start, end)
    if match["field"]:
        name = match["field"].lower()
        if name in FIELDS or name in BOUNDS:
            return Token("field", name, start, end, match["sign"])
        if match["sign"] == ":":
            raise _no_such_field(query, match["field"], start)
        plain = re.compile(rf"[^\s(){QUOTES}]+").match(query, start)
        assert plain is not None  # it begins with a letter
        return Token("word", plain[0], start, plain.end())
    text = match[0]
    kind: TokenKind = "open" if match["open"] else "close" if match["close"] else _OPERATORS.get(text, "word")
    return Token(kind, text, start, end)


def _quoted(query: str, start: int) -> Token:
    """A phrase; a backslash lets a quote be part of it."""
    out: list[str] = []
    at = start + 1
    while at < len(query):
        sign = query[at]
        if sign == "\\" and at + 1 < len(query):
            out.append(query[at + 1])
            at += 2
        elif sign in QUOTES:
            return Token("quoted", "".join(out), start, at + 1)
        else:
            out.append(sign)
            at += 1
    raise QueryError("a quote is not closed", query, start, 'Put a second " behind the last word of the phrase')


def _no_such_field(query: str, name: str, start: int) -> QueryError:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), sorted({*FIELDS, *BOUNDS}), n=3, cutoff=0.6)
    hint = f"Did you mean {', '.join(f'{field}:' for field in close)}?" if close else "Such as author: or date:."
    return QueryError(
        f"there is no field “{name}”", query, start, f"{hint} To search for the words, put them in quotes"
    )
