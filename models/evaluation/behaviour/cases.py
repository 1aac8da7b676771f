"""Behavioural cases, read from ``cases/*.yaml`` and filled in.

A file has a `capability`, what it is `about`, `lists` of words, and `checks`.  A check has one expectation and texts:

| expectation | texts | meaning |
|---|---|---|
| `sentiment` (one label, or several that will do) | `texts` | of the post |
| `signals` (name: true or false) | `texts` | read, or not read |
| `emotion` (one, or several that will do) | `texts` | of the post |
| `either` (some of the above) | `texts` | at least one of those named in it |
| several of the above | `texts` | each of them |
| `untrained` (why, or `no`) | `texts` | whether the model was trained for such a text, and why not |
| none | `texts` with `[name\\|label]` | the sentiment toward each name so marked |
| `more` (a label) | `pairs` | the second is read so, and no less than the first |
| `same: sentiment` | `groups`, or `texts` with `vary` | each other text is read like the first |

`{list}` in a text is filled from the list, `each` times (once, when not said), another word each time; with `vary` the
text is filled with two words of that list, and both fillings must be read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from models.evaluation.behaviour import judging
from models.evaluation.behaviour.judging import Judge
from models.scorer import SIGNALS, Reading
from pipeline.contracts.values import Label, Untrained

Labels = Label | list[Label]


class Expected(Struct, forbid_unknown_fields=True):
    """What is expected of one text."""

    sentiment: Labels | None = None
    signals: dict[str, bool] = {}
    emotion: str | list[str] | None = None


class BehaviourCheck(Expected, forbid_unknown_fields=True):
    """One expectation, and the texts that it is held against."""

    texts: list[str] = []
    pairs: list[tuple[str, str]] = []
    groups: list[Annotated[list[str], Meta(min_length=2)]] = []
    either: Expected | None = None
    untrained: Untrained | Literal["no"] | None = None
    more: Label | None = None
    same: Literal["sentiment"] | None = None
    vary: str = ""
    each: Annotated[int, Meta(ge=1, le=50)] = 1


class File(Struct, forbid_unknown_fields=True):
    """A capability and its checks."""

    capability: str
    about: str
    checks: list[BehaviourCheck]
    lists: dict[str, list[str]] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """Texts that are read, and what their answers must be.  `judge` is None where it is asked whether the model was
    trained for a text, and `untrained` then says why not (`no`: it was)."""

    capability: str
    readings: tuple[Reading, ...]
    expected: str
    judge: Judge | None
    untrained: Untrained | Literal["no"] | None = None


def read_cases() -> list[Case]:
    """All cases, by capability."""
    folder = resources.files("models.evaluation.behaviour") / "cases"
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: str(entry.name)
    )
    found = [msgspec.yaml.decode(entry.read_bytes(), type=File) for entry in files]
    return [case for file in found for check in file.checks for case in _cases(file, check)]


def _cases(file: File, check: BehaviourCheck) -> Iterator[Case]:
    if check.more is not None:
        for pair in check.pairs:
            yield _case(file, pair, f"more {check.more}", judging.more_of(check.more))
    elif check.same is not None:
        for first, second in _alike(file, check):
            yield _case(file, (first, second), "the same", judging.same_sentiment)
    elif check.untrained is not None:
        for text in check.texts:
            yield Case(file.capability, (Reading(text),), f"untrained: {check.untrained}", None, check.untrained)
    else:
        for text in _filled(file, check):
            yield _of_text(file, check, text)


def _of_text(file: File, check: BehaviourCheck, text: str) -> Case:
    if check.either is not None:
        either = _judges(check.either)
        return _case(file, (text,), " or ".join(either), judging.any_of(list(either.values())))
    if judges := _judges(check):
        return _case(file, (text,), ", ".join(judges), judging.all_of(list(judges.values())))
    reading, labels = _marked(text)
    said = ", ".join(f"{reading.text[a:b]}: {label}" for ((a, b),), label in zip(reading.targets, labels, strict=True))
    return Case(file.capability, (reading,), said, judging.toward_are(labels))


def _case(file: File, texts: Sequence[str], expected: str, judge: Judge) -> Case:
    return Case(file.capability, tuple(Reading(text) for text in texts), expected, judge)


def _judges(expected: Expected) -> dict[str, Judge]:
    """What is expected in words, and what finds out."""
    out: dict[str, Judge] = {}
    if expected.sentiment is not None:
        labels = expected.sentiment if isinstance(expected.sentiment, list) else [expected.sentiment]
        out[" or ".join(labels)] = judging.sentiment_is(labels)
    if unknown := expected.signals.keys() - set(SIGNALS):
        raise ValueError(f"no such signal: {', '.join(unknown)}")
    if expected.signals:
        said = ", ".join(("" if wanted else "not ") + name for name, wanted in expected.signals.items())
        out[said] = judging.signals_are(expected.signals)
    if expected.emotion is not None:
        emotions = expected.emotion if isinstance(expected.emotion, list) else [expected.emotion]
        out[" or ".join(emotions)] = judging.emotion_is(emotions)
    return out


_NAME = re.compile(r"\[([^\[\]|]+)\|(negative|neutral|positive)\]")


def _marked(text: str) -> tuple[Reading, list[Label]]:
    """A text without its marks, the places of the names, and the labels toward them."""
    plain, spans, labels, end = "", [], [], 0
    for match in _NAME.finditer(text):
        plain += text[end : match.start()]
        spans.append(((len(plain), len(plain) + len(match[1])),))
        labels.append(match[2])
        plain += match[1]
        end = match.end()
    return Reading(plain + text[end:], tuple(spans)), msgspec.convert(labels, list[Label])


_HOLE = re.compile(r"\{(\w+)\}")


def _filled(file: File, check: BehaviourCheck) -> Iterator[str]:
    """Texts with their holes filled, another word of each list each time."""
    count = 0
    for text in check.texts:
        for _ in range(check.each if _HOLE.search(text) else 1):
            yield _fill(file, text, count)
            count += 1


def _alike(file: File, check: BehaviourCheck) -> Iterator[tuple[str, str]]:
    for first, *others in check.groups:
        for other in others:
            yield first, other
    words = file.lists.get(check.vary, [])
    for number, text in enumerate(check.texts):
        for step in range(check.each):
            first = words[(number + step) % len(words)]
            second = words[(number + 2 * step + 1) % len(words)]
            if first != second:
                yield tuple(text.replace("{" + check.vary + "}", word) for word in (first, second))  # type: ignore[misc]


def _fill(file: File, text: str, count: int) -> str:
    def word(match: re.Match[str]) -> str:
        words = file.lists[match[1]]
        return words[(count * (1 + len(words) % 2) + match.start()) % len(words)]

    return _HOLE.sub(word, text)
