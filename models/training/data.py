"""Labelled texts from files, and their parts: train, dev (early stopping), calibration.

Files are third-party and stay where they are.  A text that is also in the set reported on is dropped from training,
and so are repeats within the training data; the parts are cut by a seeded shuffle, so that a run can be repeated.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.text import same_text_key
from models.training.config import HeadConfig, SourceConfig, TrainConfig
from pipeline.errors import TerminalError


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the index of its label."""

    text: str
    label: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The data of one head, and how many training texts were dropped since they repeat others."""

    train: list[Example]
    dev: list[Example]
    calibration: list[Example]
    report: list[Example]
    dropped: int


def read_source(source: SourceConfig, root: Path, labels: int) -> list[Example]:
    """The examples of a file, in its order.

    Raises `TerminalError` naming the file and the line when something in it is not as stated.
    """
    path = root / source.path
    if source.format == "tsv":
        return list(_read_tsv(path, labels))
    assert source.labels is not None  # checked by the config
    return list(_read_lines(path, root / source.labels, labels))


def read_tsv(path: Path, labels: int) -> list[Example]:
    """The examples of a tab-separated file with a header that names the columns `text` and `label`."""
    return list(_read_tsv(path, labels))


def split(head: HeadConfig, config: TrainConfig) -> Parts:
    """The data of a head in its parts.  The dev and calibration parts are the same for every `share`."""
    count = len(head.labels)
    report = read_source(head.report, config.data, count) if head.report else []
    seen = {same_text_key(example.text) for example in report}
    examples: list[Example] = []
    total = 0
    for source in head.train:
        for example in read_source(source, config.data, count):
            total += 1
            key = same_text_key(example.text)
            if key not in seen:
                seen.add(key)
                examples.append(example)
    kept_aside = head.dev + head.calibration
    if len(examples) <= kept_aside:
        raise TerminalError(
            f"{len(examples)} examples are too few to keep {kept_aside} aside",
            subject=", ".join(source.name for source in head.train),
            todo="Lower `dev` and `calibration`, or add data",
        )
    random.Random(config.seed).shuffle(examples)
    train = examples[kept_aside:]
    train = train[: max(1, round(len(train) * config.share))]
    return Parts(train, examples[: head.dev], examples[head.dev : kept_aside], report, total - len(examples))


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TerminalError(
            f"cannot be read: {error}", subject=str(path), todo="Name the folder of the data with --data"
        ) from None


def _label(value: str, labels: int, path: Path, line: int) -> int:
    if not (value.strip().isdecimal() and int(value) < labels):
        raise TerminalError(f"line {line}: label {value[:40]!r} is not one of 0…{labels - 1}", subject=str(path))
    return int(value)


def _read_tsv(path: Path, labels: int) -> Iterator[Example]:
    lines = enumerate(_lines(path), start=1)
    header = next(lines, (1, ""))[1].split("\t")
    if "text" not in header or "label" not in header:
        raise TerminalError("the first line does not name the columns `text` and `label`", subject=str(path))
    text, label = header.index("text"), header.index("label")
    for number, line in lines:
        cells = line.split("\t")
        if len(cells) != len(header):
            raise TerminalError(f"line {number} has {len(cells)} columns instead of {len(header)}", subject=str(path))
        yield Example(cells[text], _label(cells[label], labels, path, number))


def _read_lines(texts: Path, label_file: Path, labels: int) -> Iterator[Example]:
    found = list(_lines(texts))
    values = list(_lines(label_file))
    if len(found) != len(values):
        raise TerminalError(f"{len(found)} texts but {len(values)} labels", subject=str(texts))
    for number, (text, value) in enumerate(zip(found, values, strict=True), start=1):
        yield Example(text, _label(value, labels, label_file, number))
