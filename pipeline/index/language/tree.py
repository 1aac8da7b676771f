"""Syntax tree of a query; the same for every index.

A node says what a mention must have.  Translators turn nodes into SQL and into Elasticsearch's queries; what a node
means is said here, once, and both must find the same mentions.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline.index.language.fields import Field


class Everything(NamedTuple):
    """All mentions."""


class Nothing(NamedTuple):
    """No mention: the query is not blank and has no word in it."""


class TextTerm(NamedTuple):
    """The text has one of these words; capitals do not matter.  `typed` is the word of which they are forms."""

    typed: str
    forms: tuple[str, ...]


class TextPhrase(NamedTuple):
    """The text has these words one after the other, as they are."""

    words: tuple[str, ...]


class TextPattern(NamedTuple):
    """The text has a word of this pattern in small letters: `*` stands for any letters, `?` for one."""

    pattern: str


class FieldEquals(NamedTuple):
    """A field has this value.  Where `field.folded`, capitals of A to Z do not matter."""

    field: Field
    value: str


class FieldPattern(NamedTuple):
    """A field has a value of this pattern, as in `TextPattern`; capitals of A to Z do not matter."""

    field: Field
    pattern: str


class FieldPresent(NamedTuple):
    """A field has a value at all."""

    field: Field


class FieldRange(NamedTuple):
    """A number, or a time in milliseconds since 1970, lies between two bounds; None is open."""

    field: Field
    least: float | None
    least_included: bool
    most: float | None
    most_included: bool


class Negation(NamedTuple):
    """The mention is not such."""

    node: Node


class Conjunction(NamedTuple):
    """All of these hold."""

    nodes: tuple[Node, ...]


class Disjunction(NamedTuple):
    """At least one of these holds."""

    nodes: tuple[Node, ...]


Node = (
    Everything | Nothing | TextTerm | TextPhrase | TextPattern | FieldEquals | FieldPattern | FieldPresent | FieldRange
    | Negation | Conjunction | Disjunction
)  # fmt: skip


def is_text(node: Node) -> bool:
    """Whether a node asks for words of the text only."""
    match node:
        case TextTerm() | TextPhrase() | TextPattern():
            return True
        case Negation(inner):
            return is_text(inner)
        case Conjunction(nodes) | Disjunction(nodes):
            return all(is_text(inner) for inner in nodes)
        case _:
            return False


def conjunction(nodes: list[Node]) -> Node:
    """All of these, without what says nothing."""
    said = [node for node in nodes if not isinstance(node, Everything)]
    if any(isinstance(node, Nothing) for node in said):
        return Nothing()
    return said[0] if len(said) == 1 else Conjunction(tuple(said)) if said else Everything()
