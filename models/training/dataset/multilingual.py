"""Readers of published data sets in many languages: files of texts into labelled examples.

| format | what it is |
|---|---|
| `umsab` | label (0 negative, 1 neutral, 2 positive) and text by a tab, no header (UMSAB, Barbieri et al., 2022) |
| `mabsa` | a text, `####`, and a list of [name, category, polarity] (M-ABSA, Wu et al., 2025) |
| `germeval` | address, text, relevance, polarity, aspects by tabs, no header (GermEval, Wojatzki et al., 2017) |
| `brighter` | CSV with a column of 0 and 1 an emotion (BRIGHTER, Muhammad et al., 2025) |

A source's path may have a `*` in its last part: all such files, in the order of their names, are one source.  Left out
are names of M-ABSA that the text does not have or that are spoken of in two ways, and texts of BRIGHTER with several
emotions or with one that the head does not know.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from models.naming import occurrences
from models.training.config import SourceConfig
from models.training.dataset.readers import Example
from pipeline.errors import TerminalError

LONGEST = 1_000_000
"""Characters of a line; a longer one is not of these sets."""

_POLARITIES = {"negative": 0, "neutral": 1, "positive": 2}
_SHORT = {polarity[:3]: label for polarity, label in _POLARITIES.items()}
"""M-ABSA writes them in full or by three letters; what is in conflict has no label."""
_OPINION = re.compile(r"\['?(?P<name>[^\[\]]*?)'?, *'[^'\[\]]*', *'(?P<polarity>\w+) *'\]")
"""Not parsed as a literal: an apostrophe in a name is not escaped there."""
_EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
_EMOTION_LABELS = {"anger": 0, "joy": 1, "sadness": 3}
"""Of the emotion head, which knows optimism (2) too, and none of the others."""

Lines = Iterator[tuple[int, str]]


def read_foreign(source: SourceConfig, root: Path) -> Iterator[Example]:
    """The examples of a file, or of all files of a pattern, in their order.

    Raises `TerminalError` naming the file and the line when something in it is not as stated.
    """
    path = root / source.path
    files = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
    if not files:
        raise TerminalError("there is no such file", subject=str(path), todo="Name the folder of the data with --data")
    for file in files:
        yield from FOREIGN[source.format](file, source.head)


def _umsab(path: Path, head: str) -> Iterator[Example]:
    for number, line in _lines(path):
        label, _, text = line.partition("\t")
        if label not in {"0", "1", "2"} or not text:
            raise TerminalError(f"line {number} is not a label of 0…2 and a text", subject=str(path))
        yield Example(text, {head: int(label)})


def _mabsa(path: Path, head: str) -> Iterator[Example]:
    for number, line in _lines(path):
        text, mark, listed = line.rpartition("####")
        if not mark:
            raise TerminalError(f"line {number} is not a text, #### and a list of opinions", subject=str(path))
        toward: dict[str, set[int | None]] = {}
        for opinion in _OPINION.finditer(listed):
            toward.setdefault(opinion["name"], set()).add(_SHORT.get(opinion["polarity"][:3].lower()))
        targets = [
            (spans, label)
            for name, labels in toward.items()
            if name != "NULL" and len(labels) == 1
            if (label := next(iter(labels))) is not None and (spans := occurrences(text, name))
        ]
        if targets:
            yield Example(text, targets=targets)


def _germeval(path: Path, head: str) -> Iterator[Example]:
    for number, line in _lines(path):
        cells = line.split("\t")
        if len(cells) < 4 or cells[3] not in _POLARITIES:
            raise TerminalError(f"line {number} is not address, text, relevance, polarity", subject=str(path))
        yield Example(cells[1], {head: _POLARITIES[cells[3]]})


def _brighter(path: Path, head: str) -> Iterator[Example]:
    text = "\n".join(line for _, line in _lines(path))
    for row in csv.DictReader(io.StringIO(text, newline="")):
        felt = [emotion for emotion in _EMOTIONS if row.get(emotion) == "1"]
        if row.get("text") is None:
            raise TerminalError("has no column text", subject=str(path))
        if len(felt) == 1 and felt[0] in _EMOTION_LABELS:
            yield Example(row["text"], {head: _EMOTION_LABELS[felt[0]]})


def _lines(path: Path) -> Lines:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if len(line) > LONGEST:
                    raise TerminalError(f"line {number} has more than {LONGEST} characters", subject=str(path))
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TerminalError(
            f"cannot be read: {error}", subject=str(path), todo="Name the folder of the data with --data"
        ) from None


FOREIGN: dict[str, Callable[[Path, str], Iterator[Example]]] = {
    "umsab": _umsab,
    "mabsa": _mabsa,
    "germeval": _germeval,
    "brighter": _brighter,
}
"""The reader of each format; it gets the head that the source teaches."""
