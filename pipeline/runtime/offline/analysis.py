"""Turns posts of a file into mentions: the enrich stage, or the model alone.

Both read line by line and give piece by piece what came of the lines, in order and in constant memory.  A piece says up
to which line everything is in it, so that whoever carries it out knows where to go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog

from models.naming import occurrences
from models.scorer import Reading, Scorer, Scores
from pipeline.contracts.decode import MAX_BYTES, decode
from pipeline.contracts.messages import Id, ModelRef, Text
from pipeline.contracts.topics import POSTS_RAW
from pipeline.errors import Malformed
from pipeline.ingest.formats.lines import SourceLine
from pipeline.ingest.roots import Roots
from pipeline.runtime.offline.driver import BatchResult, through
from pipeline.runtime.offline.resumable_output import OutputPiece
from pipeline.settings.settings import Settings
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from pipeline.text.clean import MODEL_CHARACTERS, excerpt
from pipeline.text.language import language
from pipeline.text.out_of_domain import untrained

log = structlog.get_logger()

_ANY = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode

CHUNK = 256
"""Posts in hand at a time."""

T = TypeVar("T")


class PostLine(msgspec.Struct):
    """The least that one line a post needs of it."""

    post_id: Id
    text: Text
    target: str | None = None
    lang: str | None = None


_POST_LINE = msgspec.json.Decoder(PostLine)


class InputLines:
    """The lines of a file, counted; empty ones are passed over, those that cannot be read are logged and counted.

    The first `skip` were dealt with by an earlier run.
    """

    def __init__(self, lines: Iterator[SourceLine], skip: int = 0) -> None:
        self.read = self.bad = 0
        self.skip = skip
        self._lines = lines
        self._held: SourceLine | None = None

    def earlier(self) -> Iterator[SourceLine]:
        """The lines that an earlier run dealt with."""
        for line in self._lines:
            if line.number > self.skip:
                self._held = line
                return
            self.read = line.number
            if line.data.strip():
                yield line

    def rest(self) -> Iterator[SourceLine]:
        """The lines after those."""
        if self._held is None:
            deque(self.earlier(), maxlen=0)
        for line in chain(() if self._held is None else (self._held,), self._lines):
            self.read = line.number
            if line.data.strip():
                yield line

    def report(self, number: int, reason: Malformed) -> None:
        """A line cannot be read; of those that were skipped this was logged the first time."""
        if number > self.skip:
            self.bad += 1
            log.warning("line not read", line=number, code=reason.code, reason=str(reason))


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


def linked(settings: Settings, lines: InputLines) -> Iterator[OutputPiece]:
    """The mentions of all posts.

    Lines that are skipped go through linking all the same, at a small part of the cost: the answers to them inherit
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
            for _ in _batches(
                runner, through(stage, _records(lines.earlier(), lines, clock, roots), CHUNK, state=state)
            ):
                pass
            stage.scorer = scorer
            rest = _records(lines.rest(), lines, clock, roots)
            for batch in _batches(runner, through(stage, rest, CHUNK, state=state, clock=clock)):
                for record, reason in batch.rejected:
                    lines.report(record.offset + 1, reason)
                yield OutputPiece(lines.read, b"".join(message.value + b"\n" for message in batch.published), lines.bad)
        finally:
            runner.run(stage.close())
    yield OutputPiece(lines.read, b"", lines.bad)


def _batches(runner: asyncio.Runner, batches: AsyncIterator[BatchResult]) -> Iterator[BatchResult]:
    """Without an event loop of one's own around it."""

    async def following() -> BatchResult | None:
        return await anext(batches, None)

    while (batch := runner.run(following())) is not None:
        yield batch


def _records(source: Iterator[SourceLine], lines: InputLines, clock: Watermark, roots: Roots) -> Iterator[Record]:
    for line in source:
        try:
            post = _filled(line)
        except Malformed as reason:
            lines.report(line.number, reason)
            continue
        clock.add(_seconds(post.get("created_at")))
        _resolve_root(post, roots)
        yield Record(POSTS_RAW.name, 0, line.number - 1, None, _encode(post))


def _resolve_root(post: dict[str, Any], roots: Roots) -> None:
    """Give a post, or the deletion of one, the root of its thread; what is neither is left to be refused."""
    post_id, parent, root = (post.get(name) for name in ("post_id", "parent_id", "root_id"))
    if post.get("type") == "post_deleted" and isinstance(post_id, str):
        root = post["root_id"] = root or roots.known(post_id)
    if isinstance(post_id, str) and isinstance(parent, str | None) and isinstance(root, str | None):
        resolved = roots.root(post_id, parent, root)
        if resolved != root:
            post["root_id"] = resolved


_NOW = datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _filled(line: SourceLine) -> dict[str, Any]:
    """A post with the defaults of the contract for what is left out (author unknown, time now).

    Raises `Malformed`.
    """
    post = _read(line, _ANY)
    post.setdefault("type", "post")
    if post["type"] == "post":
        post.setdefault("network", "file")
        post.setdefault("created_at", _NOW)
        author = post.setdefault("author", {})
        if isinstance(author, dict):
            author.setdefault("id", f"unknown:{line.number - 1}")
    return post


def _seconds(value: object) -> float:
    """A time in seconds; 0, which holds the watermark back, for what is none."""
    try:
        return msgspec.convert(value, datetime).timestamp()
    except (msgspec.ValidationError, OverflowError, OSError):
        return 0.0


def _read(line: SourceLine, decoder: msgspec.json.Decoder[T]) -> T:
    if not line.whole:
        raise Malformed("too_large", f"the line has more than the {MAX_BYTES:,} bytes allowed")
    return decode(line.data, decoder)


class SentimentRequest(NamedTuple):
    """What is wanted of a post: `whole`, its own sentiment; else the sentiment toward a `name`, or where none is given
    toward the words in its own `target`."""

    whole: bool = True
    name: str | None = None


def per_post(scorer: Scorer, lines: InputLines, request: SentimentRequest) -> Iterator[OutputPiece]:
    """Exactly one line a post that can be read, in order."""
    source = _posts(lines)
    while posts := list(islice(source, CHUNK)):
        readings = [_reading(post, request) for post in posts]
        answers = zip(posts, readings, scorer.score(readings), strict=True)
        output = b"".join(_encode(_answer(*answer, request, scorer.ref)) + b"\n" for answer in answers)
        yield OutputPiece(lines.read, output, lines.bad)
    yield OutputPiece(lines.read, b"", lines.bad)


def _posts(lines: InputLines) -> Iterator[PostLine]:
    for line in lines.rest():
        try:
            yield _read(line, _POST_LINE)
        except Malformed as reason:
            lines.report(line.number, reason)


def _reading(post: PostLine, request: SentimentRequest) -> Reading:
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
    post: PostLine, reading: Reading, scores: Scores, request: SentimentRequest, model: ModelRef
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
