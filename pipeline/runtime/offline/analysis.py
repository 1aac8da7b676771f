"""Turns posts of a file into mentions: the enrich stage, or the model alone.

Both read line by line and give piece by piece what came of the lines, in order and in constant memory.  A piece says up
to which line everything is in it, so that whoever carries it out knows where to go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

import msgspec

from models.naming import occurrences
from models.scorer import Reading, Scorer, Scores
from pipeline.contracts.mentions import ModelRef
from pipeline.contracts.posts import Post
from pipeline.contracts.topics import POSTS_RAW
from pipeline.errors import Malformed
from pipeline.ingest.formats.row import Row
from pipeline.ingest.formats.spool import microseconds
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.roots import Roots
from pipeline.runtime.offline.driver import BatchResult, through
from pipeline.runtime.offline.resumable_output import OutputPiece
from pipeline.settings.settings import Settings
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from pipeline.text.clean import MODEL_CHARACTERS, excerpt
from pipeline.text.language import language
from pipeline.text.out_of_domain import untrained

_encode = msgspec.json.Encoder().encode

CHUNK = 256
"""Posts in hand at a time."""


class InputRows:
    """The rows of a file, counted; those that cannot be read are stored with their reason, and counted.

    The first lines, up to `skip`, were dealt with by an earlier run.
    """

    def __init__(self, rows: Iterator[Row], skip: int = 0, rejects: Rejects | None = None, path: str = "") -> None:
        self.read = self.bad = 0
        self.skip = skip
        self._rows = rows
        self._next: Row | None = None
        self._rejects = rejects
        self._path = path

    def earlier(self) -> Iterator[Row]:
        """The rows that an earlier run dealt with."""
        for row in self._rows:
            if row.line > self.skip:
                self._next = row
                return
            self.read = row.line
            yield row

    def rest(self) -> Iterator[Row]:
        """The rows after those."""
        if self._next is None:
            deque(self.earlier(), maxlen=0)
        for row in chain(() if self._next is None else (self._next,), self._rows):
            self.read = row.line
            yield row

    def report(self, line: int, reason: Malformed, original: bytes) -> None:
        """A row cannot be read; of those that were skipped this was noted the first time."""
        if line > self.skip:
            self.bad += 1
            if self._rejects is not None:
                self._rejects.add(self._path, line, reason, original)


class Watermark:
    """The earliest of the latest times seen: before it, nothing more is expected in a file that is more or less in
    order.  In one that is not it stays behind, and costs memory rather than context."""

    def __init__(self, posts: int = 10_000) -> None:
        self._times: deque[float] = deque(maxlen=posts)

    def add(self, seconds: float) -> None:
        """A post was written at this time."""
        self._times.append(seconds)

    def __call__(self) -> float:
        full = len(self._times) == self._times.maxlen
        return min(self._times) if full else 0.0


def linked(settings: Settings, rows: InputRows) -> Iterator[OutputPiece]:
    """The mentions of all posts.

    Rows that are skipped go through linking all the same, at a small part of the cost: the answers to them inherit
    what they are about, so that a run which goes on gives what an unbroken one would have given.
    """
    from models.runtime.fixed import FixedScorer
    from pipeline.observability.metrics import Metrics
    from pipeline.runtime.build import build

    stage: Any = build("enrich", settings, Metrics())
    state, clock, roots = State(MemoryStore(), stage.codec), Watermark(), Roots()
    with asyncio.Runner() as runner:
        try:
            scorer, stage.scorer = stage.scorer, FixedScorer()
            for _ in _batches(runner, through(stage, _records(rows.earlier(), rows, clock, roots), CHUNK, state=state)):
                pass
            stage.scorer = scorer
            rest = _records(rows.rest(), rows, clock, roots)
            for batch in _batches(runner, through(stage, rest, CHUNK, state=state, clock=clock)):
                for record, reason in batch.rejected:
                    rows.report(record.offset + 1, reason, record.value or b"")
                yield OutputPiece(rows.read, b"".join(message.value + b"\n" for message in batch.published), rows.bad)
        finally:
            runner.run(stage.close())
    yield OutputPiece(rows.read, b"", rows.bad)


def _batches(runner: asyncio.Runner, batches: AsyncIterator[BatchResult]) -> Iterator[BatchResult]:
    """Without an event loop of one's own around it."""

    async def following() -> BatchResult | None:
        return await anext(batches, None)

    while (batch := runner.run(following())) is not None:
        yield batch


def _records(source: Iterator[Row], rows: InputRows, clock: Watermark, roots: Roots) -> Iterator[Record]:
    for row in source:
        if isinstance(row.read, Malformed):
            rows.report(row.line, row.read, row.original)
            continue
        clock.add(microseconds(row.read) / 1e6)
        yield Record(POSTS_RAW.name, 0, row.line - 1, None, _encode(roots.resolved(row.read)))


class TargetedPost(NamedTuple):
    """What the model needs of a post."""

    post_id: str
    text: str
    target: str | None
    lang: str | None


class SentimentRequest(NamedTuple):
    """What is wanted of a post: `whole`, its own sentiment; else the sentiment toward a `name`, or where none is given
    toward the words in its own `target`."""

    whole: bool = True
    name: str | None = None


def per_post(scorer: Scorer, rows: InputRows, request: SentimentRequest) -> Iterator[OutputPiece]:
    """Exactly one line a post that can be read, in order."""
    source = _posts(rows)
    while posts := list(islice(source, CHUNK)):
        readings = [_reading(post, request) for post in posts]
        answers = zip(posts, readings, scorer.score(readings), strict=True)
        output = b"".join(_encode(_answer(*answer, request, scorer.ref)) + b"\n" for answer in answers)
        yield OutputPiece(rows.read, output, rows.bad)
    yield OutputPiece(rows.read, b"", rows.bad)


def _posts(rows: InputRows) -> Iterator[TargetedPost]:
    """Posts, with what each is asked about; deletions have no sentiment."""
    for row in rows.rest():
        if isinstance(row.read, Malformed):
            rows.report(row.line, row.read, row.original)
        elif isinstance(row.read, Post):
            yield TargetedPost(row.read.post_id, row.read.text, row.target, row.read.lang)


def _reading(post: TargetedPost, request: SentimentRequest) -> Reading:
    """The text, and where it names the target: every place; of a text longer than the model reads, the part around
    the first ones."""
    name = post.target if request.name is None else request.name
    if request.whole or not name:
        return Reading(post.text)
    text, target = post.text, occurrences(post.text, name)
    if target and len(text) > MODEL_CHARACTERS:
        text = excerpt(text, list(target))
        target = occurrences(text, name)
    return Reading(text, (target,))


def _answer(
    post: TargetedPost, reading: Reading, scores: Scores, request: SentimentRequest, model: ModelRef
) -> dict[str, Any]:
    lang = language(post.text, post.lang)
    why = untrained(lang, post.text)
    feeling = scores.targets[0] if scores.targets else scores.sentiment
    if why is not None and feeling.sure:
        feeling = msgspec.structs.replace(feeling, sure=False)
    answer: dict[str, Any] = {"post_id": post.post_id}
    if not request.whole:
        named = bool(reading.targets and reading.targets[0])
        answer |= {"target": post.target if request.name is None else request.name, "named": named}
    return answer | {
        "sentiment": feeling,
        "signals": scores.signals,
        "emotion": scores.emotion,
        "lang": lang,
        "untrained": why,
        "model": model,
    }
