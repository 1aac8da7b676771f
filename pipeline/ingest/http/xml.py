"""XML out of untrusted bytes: no entities, no external documents, bounded depth and size.

Built on expat, whose time and memory are linear in the document.  What feeds get wrong most often is forgiven: blanks
before the declaration, control characters, and HTML's named entities without a declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import html5
from xml.parsers import expat

from pipeline.errors import Malformed

MAX_DEPTH = 60
MAX_ELEMENTS = 100_000

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(slots=True)
class Element:
    """An element; `name` is its namespace, a blank, and its local name, or the local name alone."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(" ")[2]

    def all(self, local: str, namespace: str = "") -> Iterator[Element]:
        """Children of a name; in a namespace whose address ends so, where one is given."""
        for child in self.children:
            space, _, name = child.name.rpartition(" ")
            if name == local and space.rstrip("/").endswith(namespace):
                yield child

    def first(self, local: str, namespace: str = "") -> Element | None:
        """The first of them."""
        return next(self.all(local, namespace), None)

    def words(self, local: str, namespace: str = "") -> str:
        """The text of the first of them, without blanks around it; empty where there is none."""
        found = self.first(local, namespace)
        return found.text.strip() if found is not None else ""


def parse_xml(document: bytes) -> Element:
    """The root of a document.

    Raises `Malformed`, and nothing else, whatever the bytes: for what is not XML, is too deep or too large, or declares
    entities.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(_mended(document), True)
    except expat.ExpatError as error:
        raise Malformed("not_xml", str(error)) from None
    except (ValueError, LookupError, UnicodeError) as error:  # an encoding that nobody knows
        raise Malformed("not_xml", f"{type(error).__name__}: {error}"[:200]) from None
    if reader.root is None:
        raise Malformed("not_xml", "no element")
    return reader.root


def _mended(document: bytes) -> bytes:
    """Without what no reader of feeds stumbles over; only where bytes are letters, as in all but UTF-16."""
    if document[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return document
    return _CONTROL.sub(b" ", document.removeprefix(b"\xef\xbb\xbf").lstrip())


class _Reader:
    """Builds the tree as expat reads."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._pieces: list[list[str]] = []
        self._count = 0
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.UseForeignDTD(True)  # so that an entity without a declaration is left out, not an error
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
        parser.ExternalEntityRefHandler = lambda *_: 1  # nothing is ever fetched
        parser.EntityDeclHandler = self._declared
        parser.SkippedEntityHandler = self._skipped
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def _declared(self, name: str, *_: object) -> None:
        raise Malformed("entities", f"the document declares the entity {name[:80]!r}")

    def _skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._characters(html5.get(f"{name};", ""))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise Malformed("too_deep", f"more than {MAX_DEPTH} levels, or {MAX_ELEMENTS:,} elements")
        element = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)
        self._pieces.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._pieces.pop())

    def _characters(self, text: str) -> None:
        if self._pieces:
            self._pieces[-1].append(text)
