"""Reader of a Wikidata export, one item a line, in bounded memory.

It can be read as often as wanted.

Understood is the JSON of the public dumps (an array whose every line is an item and ends in a comma) and the same as
plain JSON lines, as filters and queries leave it; both also compressed with gzip or bzip2, recognised by content.
Only the parts of an item that a catalogue can use are decoded.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from msgspec import Struct

from pipeline.enrich.catalogue.loading import CatalogueError

MAX_LINE = 16 * 2**20
"""Bytes of the longest line that is decoded; the largest item of Wikidata has less than a third of that."""
REPORT_EVERY = 2_000
"""Lines between two words about progress."""
MAX_ID = 18
"""Characters of an id: its number fits into 64 bits."""
FORGIVEN = 100
"""Broken lines that are passed over in any case; beyond them, more broken than good ones are no export."""

_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"

log = structlog.get_logger()

ReportProgress = Callable[[int, int], None]
"""Is called with how many bytes of the file (as it lies on the disk) have been read, and of how many."""


class Term(Struct, gc=False):
    """A word or a sentence in one language."""

    value: str = ""


class Terms(Struct, gc=False):
    """In the languages that are read: English, and what is the same in all (`mul`)."""

    en: Term | None = None
    mul: Term | None = None

    def first(self) -> str:
        """The English one, else the one for all languages; empty without either."""
        chosen = self.en or self.mul
        return chosen.value if chosen is not None else ""


class ManyTerms(Struct):
    """Other names, in the same languages."""

    en: list[Term] = []
    mul: list[Term] = []


class Reference(Struct, gc=False):
    """Another item, or a property."""

    id: str = ""


class _DataValue(Struct):
    value: str | Reference = ""


class _Snak(Struct):
    datavalue: _DataValue | None = None


class _Qualifiers(Struct):
    P582: list[msgspec.Raw] = []


class Claim(Struct):
    """A statement.  One without a value says that there is none, or that nobody knows."""

    mainsnak: _Snak
    rank: str = "normal"
    qualifiers: _Qualifiers | list[Any] = []

    @property
    def holds(self) -> bool:
        """Whether it is taken for true, and still is (property P582 gives the time at which it ended)."""
        if self.rank == "deprecated" or self.mainsnak.datavalue is None:
            return False
        return isinstance(self.qualifiers, list) or not self.qualifiers.P582

    @property
    def value(self) -> str:
        """A text, or the id of the item that it names."""
        held = self.mainsnak.datavalue
        if held is None:
            return ""
        return held.value if isinstance(held.value, str) else held.value.id


class Claims(Struct):
    """The properties that a catalogue can use, by their names in Wikidata."""

    P31: list[Claim] = []
    """instance of"""
    P279: list[Claim] = []
    """subclass of"""
    P297: list[Claim] = []
    """ISO 3166-1 code, of countries"""
    P17: list[Claim] = []
    """country"""
    P452: list[Claim] = []
    """industry"""
    P749: list[Claim] = []
    """parent organization"""
    P127: list[Claim] = []
    """owned by"""
    P355: list[Claim] = []
    """has subsidiary"""
    P1056: list[Claim] = []
    """product"""
    P176: list[Claim] = []
    """manufacturer, of products"""
    P856: list[Claim] = []
    """official website"""
    P2002: list[Claim] = []
    """X username"""
    P2013: list[Claim] = []
    """Facebook username"""
    P2003: list[Claim] = []
    """Instagram username"""
    P12361: list[Claim] = []
    """Bluesky handle"""
    P4033: list[Claim] = []
    """Mastodon address"""

    def of(self, name: str) -> list[str]:
        """What a property says now, preferred statements first."""
        claims: list[Claim] = getattr(self, name)
        held = [claim for claim in claims if claim.holds and claim.value]
        held.sort(key=lambda claim: claim.rank != "preferred")
        return list(dict.fromkeys(claim.value for claim in held))


class Item(Struct):
    """What is read of an item.  An empty map comes as an empty list in some exports."""

    id: str
    labels: Terms | list[Any] = []
    descriptions: Terms | list[Any] = []
    aliases: ManyTerms | list[Any] = []
    claims: Claims | list[Any] = []
    sitelinks: dict[str, msgspec.Raw] | list[Any] = []

    @property
    def label(self) -> str:
        return "" if isinstance(self.labels, list) else " ".join(self.labels.first().split())

    @property
    def description(self) -> str:
        return "" if isinstance(self.descriptions, list) else " ".join(self.descriptions.first().split())

    @property
    def others(self) -> list[str]:
        """Its other names."""
        if isinstance(self.aliases, list):
            return []
        return [" ".join(term.value.split()) for term in (*self.aliases.en, *self.aliases.mul)]

    @property
    def says(self) -> Claims:
        return _NO_CLAIMS if isinstance(self.claims, list) else self.claims

    @property
    def renown(self) -> int:
        """How many encyclopaedias write about it: how well known it is, near enough."""
        return len(self.sitelinks)


_NO_CLAIMS = Claims()
_ITEM = msgspec.json.Decoder(Item)


class Export:
    """An export on disk.

    Guarantees: memory is bounded by the longest line; a line that is broken or too long costs itself only and is
    counted, in `broken`, with the first of them in the log.  Raises `CatalogueError` for a file that is cut off or
    damaged, or that holds more broken lines than good ones.
    """

    def __init__(self, path: Path, report: ReportProgress | None = None) -> None:
        self.path = path
        self.broken = 0
        self.read = 0
        self._report = report or (lambda done, whole: None)

    def items(self) -> Iterator[Item]:
        """Every item, in the order of the file; properties and whatever else are passed over."""
        self.broken = self.read = 0
        try:
            whole = self.path.stat().st_size
            with self.path.open("rb", buffering=2**20) as raw, _opened(raw) as lines:
                for number, line in enumerate(_lines(lines), start=1):
                    if number % REPORT_EVERY == 0:
                        self._report(raw.tell(), whole)
                    item = self._item(number, line)
                    if item is not None:
                        yield item
                self._report(whole, whole)
        except (OSError, EOFError, zlib.error) as error:
            todo = f"{self.read:,} items were read before. Fetch it again"
            raise CatalogueError(f"is cut off or damaged ({error})", subject=str(self.path), todo=todo) from error
        if self.broken > max(FORGIVEN, self.read) or (self.broken and not self.read):
            raise CatalogueError(
                f"is no export of Wikidata: {self.broken:,} lines make no sense", subject=str(self.path)
            )

    def _item(self, number: int, line: bytes | None) -> Item | None:
        if line is not None:
            line = line.strip().rstrip(b",")
            if line in (b"", b"[", b"]"):
                return None
        try:
            if line is None:
                raise msgspec.DecodeError(f"longer than {MAX_LINE:,} bytes")
            item = _ITEM.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if not self.broken:
                log.warning("a line of the export is passed over", path=str(self.path), line=number, reason=str(error))
            self.broken += 1
            return None
        self.read += 1
        return item if is_item(item.id) else None


def _opened(raw: BinaryIO) -> BinaryIO:
    start = raw.read(3)
    raw.seek(0)
    if start.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return cast(BinaryIO, bz2.BZ2File(raw)) if start.startswith(_BZIP2) else raw


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Every line; None in the place of one that is too long, which is read over without keeping it."""
    while line := stream.readline(MAX_LINE):
        if len(line) < MAX_LINE or line.endswith(b"\n"):
            yield line
            continue
        while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
            pass
        yield None


def is_item(name: str) -> bool:
    """Whether it is the id of an item: Q and a number of sensible size.

    >>> is_item("Q42"), is_item("P42")
    (True, False)
    """
    return name[:1] == "Q" and name[1:].isdecimal() and name.isascii() and len(name) <= MAX_ID


def is_export(path: Path) -> bool:
    """Whether a file looks like JSON, compressed or not, rather than like a table."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise CatalogueError(f"cannot be read ({error.strerror})", subject=str(path)) from error
    return start.startswith((_GZIP, _BZIP2)) or start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")
