"""Readers of published data sets: files of texts into labelled examples.

| format | what it is |
|---|---|
| `tsv` | a header with the columns `text` and `label` |
| `lines` | one text a line, and another file with one label a line (TweetEval) |
| `topics` | id, topic, label, text by tabs, without a header; five-point labels become three (SemEval-2016 task 4) |
| `aspects` | three lines each: text with `$T$` for the name, the name, −1, 0 or 1 (Dong 2014, SemEval-2014) |
| `mams` | XML with several names and their labels in a sentence (MAMS) |
| `brands` | CSV, maybe gzipped: group_id, entity, label, text; of each group of paraphrases the first two are read |
| `complaints` | CSV with `text` and `complaint` |
| `questions` | a CSV column; a text that ends in a question mark is a question, and half of them lose the mark |
| `texts` | a CSV column of texts without labels |
| `hard` | hard posts of our own, by the name of the file: `training`, never `unseen` (`models.hard_posts.posts`) |
| `patterns` | sentences of our own: see `models.training.dataset.patterns` |
| `umsab`, `mabsa`, `germeval`, `brighter` | texts in many languages: see `models.training.dataset.multilingual` |

For a head of two labels, `topics` reads strong praise (label 2) against everything at most neutral.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from zlib import crc32

from models.hard_posts.posts import HEADS, read_hard_posts
from models.naming import occurrences
from models.scorer import Target
from models.training.config import TARGET, SourceConfig
from pipeline.errors import TerminalError

UNKNOWN = -100
"""Label of a text for a head that it does not teach; left out by the loss."""


@dataclass(slots=True)
class Example:
    """A text, its label for each head that it teaches, and the names in it with the label toward each."""

    text: str
    labels: dict[str, int] = field(default_factory=dict)
    targets: list[tuple[Target, int]] = field(default_factory=list)
    group: str = ""
    """Examples of one group, paraphrases say, lie in one part; empty: the text itself decides."""
    taught: bool = True
    """Whether teachers are asked about the labels that it has."""
    language: str = ""
    """Of the text, where its source has several."""


def read_source(source: SourceConfig, root: Path, labels: int) -> Iterator[Example]:
    """The examples of a file, in its order; `labels` is the number of labels of the head that it teaches.

    Raises `TerminalError` naming the file and the line when something in it is not as stated.
    """
    if source.format == "hard":
        return _hard_posts(source)
    path = root / source.path
    if source.format == "lines":
        assert source.labels is not None  # checked by the config
        return _lines_source(path, root / source.labels, source.head, labels)
    if source.format == "tsv":
        return read_tsv(path, labels, source.head)
    if source.format == "topics":
        return _topics(path, source.head, labels)
    if source.format == "aspects":
        return _aspects(path)
    if source.format == "mams":
        return _mams(path)
    if source.format == "brands":
        return _brands(path)
    if source.format == "complaints":
        rows = _rows(path, "text", "complaint")
        return (Example(text, {source.head: _label(value, labels, path, line)}) for line, (text, value) in rows)
    if source.format == "questions":
        return (_question(text, source.head) for _, (text,) in _rows(path, source.column))
    columns = [source.column, source.group] if source.group else [source.column]
    return (Example(cells[0], group=cells[-1] if source.group else "") for _, cells in _rows(path, *columns))


def _hard_posts(source: SourceConfig) -> Iterator[Example]:
    if str(source.path) != "training":
        raise TerminalError("are not for training", subject=f"hard posts {source.path}", todo="Name `training`")
    for post in read_hard_posts("training"):
        heads = {head: int(label) for head in HEADS if (label := getattr(post, head)) is not None}
        labels = {"sentiment": _POLARITIES[post.sentiment], **heads}
        targets = [
            (spans, _POLARITIES[target.sentiment]) for spans, target in zip(post.spans, post.targets, strict=True)
        ]
        yield Example(post.text, labels, targets, language=post.lang)


def read_tsv(path: Path, labels: int, head: str = "sentiment") -> Iterator[Example]:
    """The examples of a tab-separated file with a header that names the columns `text` and `label`."""
    lines = enumerate(_lines(path), start=1)
    header = next(lines, (1, ""))[1].split("\t")
    if "text" not in header or "label" not in header:
        raise TerminalError("the first line does not name the columns `text` and `label`", subject=str(path))
    text, label = header.index("text"), header.index("label")
    for number, line in lines:
        cells = line.split("\t")
        if len(cells) != len(header):
            raise TerminalError(f"line {number} has {len(cells)} columns instead of {len(header)}", subject=str(path))
        yield Example(cells[text], {head: _label(cells[label], labels, path, number)})


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> TerminalError:
    return TerminalError(f"cannot be read: {error}", subject=str(path), todo="Name the folder of the data with --data")


def _label(value: str, labels: int, path: Path, line: int) -> int:
    if not (value.strip().isdecimal() and int(value) < labels):
        raise TerminalError(f"line {line}: label {value[:40]!r} is not one of 0…{labels - 1}", subject=str(path))
    return int(value)


def _lines_source(texts: Path, label_file: Path, head: str, labels: int) -> Iterator[Example]:
    found, values = list(_lines(texts)), list(_lines(label_file))
    if len(found) != len(values):
        raise TerminalError(f"{len(found)} texts but {len(values)} labels", subject=str(texts))
    for number, (text, value) in enumerate(zip(found, values, strict=True), start=1):
        yield Example(text, {head: _label(value, labels, label_file, number)})


OFF_TOPIC = "off topic"
_TOPIC_LABELS = {"-2": 0, "-1": 0, "0": 1, "1": 2, "2": 2, "negative": 0, "neutral": 1, "positive": 2}


def _topics(path: Path, head: str, labels: int) -> Iterator[Example]:
    for number, line in enumerate(_lines(path), start=1):
        cells = line.split("\t")
        if len(cells) > 3 and cells[2] == OFF_TOPIC:
            continue
        if len(cells) < 4 or cells[2] not in _TOPIC_LABELS:
            raise TerminalError(f"line {number} is not id, topic, label, text", subject=str(path))
        text, label = cells[3], cells[2]
        if head != TARGET:
            if labels == 2 and label in {"2", "0", "-1", "-2"}:
                yield Example(text, {head: int(label == "2")})
        elif target := occurrences(text, cells[1]):
            yield Example(text, targets=[(target, _TOPIC_LABELS[label])])


def _aspects(path: Path) -> Iterator[Example]:
    lines = list(_lines(path))
    together: dict[str, Example] = {}
    for start in range(0, len(lines) - 2, 3):
        marked, name, label = (cell.strip() for cell in lines[start : start + 3])
        if label not in {"-1", "0", "1"} or "$T$" not in marked:
            raise TerminalError(f"line {start + 1} does not begin a text, a name and a label", subject=str(path))
        spans, text = [], ""
        for index, piece in enumerate(marked.split("$T$")):
            if index:
                spans.append((len(text), len(text) + len(name)))
                text += name
            text += piece
        together.setdefault(text, Example(text)).targets.append((tuple(spans), int(label) + 1))
    return iter(together.values())


_POLARITIES = {"negative": 0, "neutral": 1, "positive": 2}


def _mams(path: Path) -> Iterator[Example]:
    try:
        sentences = ElementTree.parse(path).getroot().iter("sentence")
    except (OSError, ElementTree.ParseError) as error:
        raise _unreadable(path, error) from None
    for sentence in sentences:
        example = Example(sentence.findtext("text") or "")
        for term in sentence.iter("aspectTerm"):
            if term.get("polarity") in _POLARITIES:
                span = (int(term.get("from", 0)), int(term.get("to", 0)))
                example.targets.append(((span,), _POLARITIES[term.get("polarity", "")]))
        yield example


def _brands(path: Path, of_a_group: int = 2) -> Iterator[Example]:
    seen: dict[str, int] = defaultdict(int)
    for _, (group, entity, label, text) in _rows(path, "group_id", "entity", "label", "text"):
        target = occurrences(text, re.sub(r"\(.*?\)", "", entity).strip())
        if label.lower() not in _POLARITIES or not target or seen[group] == of_a_group:
            continue
        seen[group] += 1
        yield Example(text, targets=[(target, _POLARITIES[label.lower()])], group=group)


_ASKS = re.compile(r"\?+\s*$")


def _question(text: str, head: str) -> Example:
    """A text whose last sentence is a question; whether it keeps its mark is a function of the text."""
    text = re.sub(r"(?:\s*https?://\S+|\s*#\w+|\s*\^\w+)+\s*$", "", text)
    asks = bool(_ASKS.search(text))
    if asks and crc32(text.encode("utf-8", "replace")) % 2:
        text = _ASKS.sub("", text)
    return Example(text, {head: int(asks)})


def _rows(path: Path, *columns: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and the cells of some columns of a CSV file with a header."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        reader = csv.DictReader(io.StringIO(raw.decode("utf-8"), newline=""))
        missing = set(columns) - set(reader.fieldnames or ())
        if missing:
            raise TerminalError(f"has no column {', '.join(sorted(missing))}", subject=str(path))
        for row in reader:
            yield reader.line_num, [row[column] or "" for column in columns]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from None
