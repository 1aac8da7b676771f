"""Values of fields, read by the field's kind: words, numbers, dates, ranges, patterns."""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches

from pipeline.contracts.values import milliseconds
from pipeline.index.language.dates import EXAMPLES, TimeSpan, time_span
from pipeline.index.language.faults import QueryError
from pipeline.index.language.fields import Field
from pipeline.index.language.lexer import Token
from pipeline.index.language.tree import (
    FieldEquals,
    FieldPattern,
    FieldPresent,
    FieldRange,
    Node,
    TextPattern,
)

LEAST_LETTERS = 2
"""Letters or digits that a pattern of the text begins with: fewer would go through most words of the index."""
MAX_PATTERN = 64
DATE_WORDS = frozenset(("last", "past", "this"))
"""What a date of several words begins with."""

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
_PATTERN = re.compile(rf"[^\W_]{{{LEAST_LETTERS},}}[^\W_]*(?:[*?]+[^\W_]*)+")
_FLAGS = {"yes": "true", "true": "true", "no": "false", "false": "false"}


def text_pattern(query: str, token: Token) -> TextPattern | None:
    """A pattern of a word in the text; None where the signs are no pattern (`****`, `why???`).

    Raises `QueryError` when it begins with too few letters, is too long, or has other signs in it.
    """
    if not any(sign.isalnum() for sign in token.text):
        return None
    if not _PATTERN.fullmatch(token.text) or len(token.text) > MAX_PATTERN:
        raise QueryError(
            f"“{token.text[:MAX_PATTERN]}” is no pattern", query, token.start,
            f"Begin with {LEAST_LETTERS} letters and use letters, digits, * (any) and ? (one), such as suit*; to "
            "search for the signs, put the words in quotes",
        )  # fmt: skip
    return TextPattern(re.sub(r"\*+", "*", token.text.lower()))


def field_value(query: str, field: Field, sign: str, value: Token, now: datetime) -> Node:
    """What a field with a sign and a value says.  Raises `QueryError` for a value that the field cannot have."""
    if value.kind == "word" and value.text == "*" and sign == ":":
        return FieldPresent(field)
    if field.kind == "time":
        return date_range(query, field, sign, value, now)
    if field.kind == "number":
        return _number(query, field, sign, value)
    if sign != ":":
        todo = f"Numbers and dates are compared; write {field.name}:{value.text}"
        raise QueryError(f"{field.name} cannot be compared", query, value.start, todo)
    if field.kind == "flag":
        flag = _FLAGS.get(value.text.lower())
        if flag is None:
            raise QueryError(f"{field.name} is yes or no", query, value.start, f"Write {field.name}:yes")
        return FieldEquals(field, flag)
    if field.values:
        return FieldEquals(field, _listed(query, field, value))
    if value.kind == "word" and "*" in value.text:
        if len(value.text) > MAX_PATTERN * 4 or value.text.count("*") > 4:
            raise QueryError("the pattern is too long", query, value.start, "Shorten it, with at most four *")
        return FieldPattern(field, re.sub(r"\*+", "*", value.text))
    text = value.text.lstrip("@") if field.name == "author" else value.text
    if not text:
        raise QueryError(f"{field.name}: has no value", query, value.start, "Write one behind it")
    return FieldEquals(field, text)


def date_range(query: str, field: Field, sign: str, value: Token, now: datetime) -> Node:
    """A time in a span (`:`), or before or after it; `a..b` is from the start of one to the end of the other."""
    if sign == ":" and ".." in value.text:
        low, _, high = value.text.partition("..")
        bounds = [_span(query, value, text, now) if text else None for text in (low, high)]
        start = None if bounds[0] is None else float(milliseconds(bounds[0].start))
        end = None if bounds[1] is None else float(milliseconds(bounds[1].end))
        return FieldRange(field, start, True, end, bounds[1] is not None and bounds[1].start == bounds[1].end)
    span = _span(query, value, value.text, now)
    start, end = float(milliseconds(span.start)), float(milliseconds(span.end))
    moment = start == end
    if sign == ":":
        return FieldRange(field, start, True, end, moment)
    if sign in (">", ">="):
        later = sign == ">"
        return FieldRange(field, end if later else start, not later or not moment, None, False)
    return FieldRange(field, None, False, start if sign == "<" else end, sign == "<=" and moment)


def _span(query: str, value: Token, text: str, now: datetime) -> TimeSpan:
    span = time_span(text, now)
    if span is None:
        raise QueryError(f"“{text[:60]}” is no date", query, value.start, f"Such as {EXAMPLES}")
    return span


def _number(query: str, field: Field, sign: str, value: Token) -> Node:
    low, dots, high = value.text.partition("..")
    if sign == ":" and dots and (low or high) and all(not part or _NUMBER.fullmatch(part) for part in (low, high)):
        return FieldRange(field, float(low) if low else None, True, float(high) if high else None, True)
    if not _NUMBER.fullmatch(value.text):
        todo = f"Such as {field.name}:1..10 or {field.name}>=0.5"
        raise QueryError(f"“{value.text[:60]}” is no number", query, value.start, todo)
    number = float(value.text)
    if sign == ":":
        return FieldRange(field, number, True, number, True)
    if sign in (">", ">="):
        return FieldRange(field, number, sign == ">=", None, False)
    return FieldRange(field, None, False, number, sign == "<=")


def _listed(query: str, field: Field, value: Token) -> str:
    """One of the values that a field can have."""
    text = value.text.lower()
    if text not in field.values:
        close = get_close_matches(text, field.values, n=1, cutoff=0.5)
        hint = f"Did you mean {field.name}:{close[0]}? " if close else ""
        todo = f"{hint}Allowed: {', '.join(field.values)}"
        raise QueryError(f"{field.name} is never “{value.text[:60]}”", query, value.start, todo)
    return text
