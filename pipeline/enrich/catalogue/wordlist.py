"""Builds the list of ordinary words from word lists, one word a line.

Plain words are kept in lower case, names of people and places with a capital; what is neither (abbreviations, words
with signs or several capitals, single letters) says nothing about a name in a post.  A name that is a plain word too is
one of those.  The shipped list is made so from a folder of SCOWL's (Atkinson), sizes up to 50.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.enrich.catalogue.loading import CatalogueError
from pipeline.enrich.catalogue_limits import SIZE

MAX_BYTES = 64 * 2**20
HEADING = "# Made from SCOWL; see NOTICE"

_LIST = re.compile(r"(?:english|american|british)-(?:words|upper|proper-names)\.(\d+)")
_WORD = re.compile(r"[a-z]{2,14}")
_NAME = re.compile(r"[A-Z][a-z]{2,13}")


def write_words(paths: Sequence[Path], out: Path, *, size: int = SIZE) -> tuple[int, int]:
    """Write the list; gives the number of words and of names.

    Of a folder the English, American and British lists up to `size` are taken.  Deterministic: the same lists give the
    same bytes.  Raises `CatalogueError`, and writes nothing, when a list cannot be read or no word is left.
    """
    words: set[str] = set()
    names: set[str] = set()
    for path in (file for given in paths for file in _files(given, size)):
        for line in _lines(path):
            if _WORD.fullmatch(line):
                words.add(line)
            elif _NAME.fullmatch(line):
                names.add(line)
    names = {name for name in names if name.lower() not in words}
    if not words:
        raise CatalogueError("hold no word", subject=", ".join(map(str, paths)), todo="Name lists, one word a line")
    out.write_text("\n".join([HEADING, *sorted(words), *sorted(names)]) + "\n", encoding="ascii")
    return len(words), len(names)


def _files(path: Path, size: int) -> list[Path]:
    if not path.is_dir():
        return [path]
    listed = [(file, _LIST.fullmatch(file.name)) for file in sorted(path.iterdir())]
    found = [file for file, name in listed if name is not None and int(name[1]) <= size]
    if not found:
        raise CatalogueError("has no list of SCOWL's", subject=str(path), todo="Name the word lists themselves")
    return found


def _lines(path: Path) -> Iterator[str]:
    """The lines of a list in UTF-8 or, as SCOWL's are, in Latin-1; only plain letters matter."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CatalogueError(f"is larger than {MAX_BYTES:,} bytes", subject=str(path), todo="Split it")
        with path.open(encoding="latin-1") as file:
            for line in file:
                yield line.strip()
    except OSError as error:
        raise CatalogueError(f"cannot be read ({error.strerror})", subject=str(path)) from error
