"""Pool of all texts of a run, split into train, dev, calibration and report.

A text that several sources label is one example with several labels: it goes through the encoder once.  The part is a
function of the text alone, so that repeats of a text lie in one part, whatever source they come from and whatever the
seed; a text of a set made for reporting is never learnt from.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

from models.text import same_text_key
from models.training.config import TARGET, SourceConfig, TrainConfig
from models.training.dataset.multilingual import FOREIGN, read_foreign
from models.training.dataset.patterns import read_patterns
from models.training.dataset.readers import Example, read_source
from pipeline.errors import TerminalError

Part = Literal["train", "dev", "calibration", "report"]
STEPS = 10_000


@dataclass(slots=True)
class Pool:
    """The examples of a run in their parts.  `times` says how often an epoch shows each of `train`; `report` has a
    list for every source that keeps one; `counts` has (source, part) → texts; `dropped` were repeats."""

    train: list[Example] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    dev: list[Example] = field(default_factory=list)
    calibration: list[Example] = field(default_factory=list)
    report: dict[str, list[Example]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped: int = 0


def part_of(key: str, config: TrainConfig, report: float) -> Part:
    """The part of a text, from its `same_text_key` or its group; `report` is the share that its source reports on."""
    position = crc32(key.encode()) % STEPS / STEPS
    if position < config.dev:
        return "dev"
    if position < config.dev + config.calibration:
        return "calibration"
    return "report" if position >= 1.0 - report else "train"


def read_pool(config: TrainConfig, notify: Callable[[str], None] = lambda _: None) -> Pool:
    """The texts of all sources.

    Raises `TerminalError` when a file is not as stated, or a head is left without texts in a part that it needs.
    """
    pool = Pool()
    held_out: set[str] = set()
    known: dict[str, tuple[Example, Part]] = {}
    used = [source for source in config.sources if source.head or config.teacher is not None]
    for source in sorted(used, key=lambda source: source.report < 1.0):
        notify(source.name)
        for example in _examples(source, config):
            example.taught = source.taught
            example.language = example.language or source.language
            _assign(pool, source, example, config, held_out, known)
    random.Random(config.seed).shuffle(together := list(zip(pool.train, pool.times, strict=True)))
    together = together[: max(1, round(len(together) * config.share))]
    pool.train, pool.times = [example for example, _ in together], [times for _, times in together]
    for part in ("train", "dev", "calibration") if config.only else ():
        _narrow(pool, part, config)
    _check(pool, config)
    return pool


def _examples(source: SourceConfig, config: TrainConfig) -> Iterator[Example]:
    if source.format == "patterns":
        return read_patterns(source.path)
    if source.format in FOREIGN:
        return read_foreign(source, config.data)
    return read_source(source, config.data, len(config.heads[source.head].labels) if source.head else 0)


def _assign(
    pool: Pool,
    source: SourceConfig,
    example: Example,
    config: TrainConfig,
    held_out: set[str],
    known: dict[str, tuple[Example, Part]],
) -> None:
    key = same_text_key(example.text)
    if not key:
        return
    if source.report == 1.0:
        held_out.add(key)
        pool.report.setdefault(source.name, []).append(example)
        pool.counts[source.name, "report"] += 1
        return
    if crc32(key.encode(), 7) % STEPS >= source.share * STEPS:
        return
    if key in held_out:
        pool.dropped += 1
        return
    before = known.get(key)
    if before is not None:
        _join(pool, source, before, example)
        return
    part = part_of(example.group or key, config, source.report)
    known[key] = (example, part)
    pool.counts[source.name, part] += 1
    if part == "report":
        pool.report.setdefault(source.name, []).append(example)
    elif part == "train":
        pool.train.append(example)
        pool.times.append(source.times)
    else:
        getattr(pool, part).append(example)


def _join(pool: Pool, source: SourceConfig, before: tuple[Example, Part], example: Example) -> None:
    """A text that is there already, from this source or another one: it gets the further labels."""
    first, part = before
    new = not (example.labels.keys() <= first.labels.keys())
    spans = {spans for spans, _ in first.targets}
    further = [(spans_, label) for spans_, label in example.targets if spans_ not in spans]
    if part == "report" or not (new or further) or (further and first.text != example.text):
        pool.dropped += 1
        return
    first.labels = example.labels | first.labels
    first.targets += further
    pool.counts[source.name, part] += 1


def _narrow(pool: Pool, part: str, config: TrainConfig) -> None:
    """Leave the texts and labels of the heads that are learnt."""
    found: list[Example] = getattr(pool, part)
    for example in found:
        example.labels = {head: label for head, label in example.labels.items() if head in config.learnt}
        if not config.target_labels:
            example.targets = []
    chosen = [index for index, example in enumerate(found) if example.labels or example.targets]
    if part == "train":
        pool.times = [pool.times[index] for index in chosen]
    setattr(pool, part, [found[index] for index in chosen])


def _check(pool: Pool, config: TrainConfig) -> None:
    for part in ("train", "dev", "calibration"):
        found: list[Example] = getattr(pool, part)
        for head in config.learnt:
            if not any(head in example.labels or (head == TARGET and example.targets) for example in found):
                raise TerminalError(
                    f"no text in the {part} part of the head {head}",
                    subject=config.name,
                    todo=f"Raise `{part}` or `share`, or add data" if part != "train" else "Add data",
                )
