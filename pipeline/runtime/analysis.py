"""Posts of a file into mentions: the enrich stage without a broker, and the model alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Any

import msgspec
import structlog

from pipeline.decode import decode
from pipeline.errors import Malformed
from pipeline.messages import Id, Text
from pipeline.runtime.files import through
from pipeline.settings import Settings
from pipeline.stage import Record
from pipeline.topics import POSTS_RAW

log = structlog.get_logger()

_ANY = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode

CHUNK = 256
"""Posts in hand at a time."""


class Line(msgspec.Struct):
    """The least that `--whole` and `--target` need of a post."""

    post_id: Id
    text: Text
    target: str | None = None


_LINE = msgspec.json.Decoder(Line)


def filled(line: bytes, number: int) -> bytes:
    """A post with the defaults of the contract for what is left out (author unknown, time now).

    Raises `Malformed`.
    """
    post = decode(line, _ANY)
    post.setdefault("type", "post")
    if post["type"] == "post":
        post.setdefault("network", "file")
        post.setdefault("created_at", _NOW)
        author = post.setdefault("author", {})
        if isinstance(author, dict):
            author.setdefault("id", f"unknown:{number}")
    return _encode(post)


_NOW = datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def linked(settings: Settings, lines: Iterable[bytes], out: IO[bytes]) -> int:
    """Write the mentions of all posts, in input order; gives the number of lines that could not be read."""
    from pipeline.runtime.metrics import Metrics
    from pipeline.stages import build

    stage = build("enrich", settings, Metrics())
    bad = _Bad()
    try:
        async for batch in through(stage, _posts(lines, bad), CHUNK):
            for message in batch.published:
                out.write(message.value + b"\n")
            for record, reason in batch.rejected:
                bad.tell(record.offset, reason)
    finally:
        await stage.close()
    return bad.count


def per_post(settings: Settings, lines: Iterable[bytes], out: IO[bytes], *, target: bool) -> int:
    """Write exactly one line a post: its sentiment and signals.

    With `target` the line names the target too; its sentiment is that of the whole post, as in mentions: this model has
    no head for targets.
    """
    from models.load import load_scorer

    scorer = load_scorer(settings.model)
    bad = _Bad()
    for chunk in _chunks(_lines(lines, bad)):
        texts = [line.text for line in chunk]
        for line, score in zip(chunk, scorer.score(texts), strict=True):
            answer = {"post_id": line.post_id, **msgspec.to_builtins(score), "model": scorer.ref}
            if target:
                answer["target"] = line.target
            out.write(_encode(answer) + b"\n")
    return bad.count


class _Bad:
    """Counts and names the lines that cannot be read."""

    def __init__(self) -> None:
        self.count = 0

    def tell(self, number: int, reason: Malformed) -> None:
        self.count += 1
        log.warning("line not read", line=number + 1, code=reason.code, reason=str(reason))


def _posts(lines: Iterable[bytes], bad: _Bad) -> Iterator[Record]:
    for number, line in enumerate(lines):
        if line.strip():
            try:
                yield Record(POSTS_RAW.name, 0, number, None, filled(line, number))
            except Malformed as reason:
                bad.tell(number, reason)


def _lines(lines: Iterable[bytes], bad: _Bad) -> Iterator[Line]:
    for number, line in enumerate(lines):
        if line.strip():
            try:
                yield decode(line, _LINE)
            except Malformed as reason:
                bad.tell(number, reason)


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk
