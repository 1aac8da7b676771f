"""Replays a history through the pipeline's own stages, and gives its incidents in a line each."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.histories import sources
from pipeline.backtest import source
from pipeline.backtest.detection import Episode, run_detector
from pipeline.backtest.spool import MentionSpool
from pipeline.ingest.formats.formats import reader_for
from pipeline.ingest.rejects import Rejects
from pipeline.observability.metrics import Metrics
from pipeline.runtime.build import build
from pipeline.settings.settings import Settings

PROMISE = 0.2
"""False alarms per entity and month: what is shipped."""


class History(NamedTuple):
    """A history: what it is read from, in which layout, and how the files become that (None: they have it)."""

    files: tuple[str, ...]
    layout: str
    rows: Callable[[Path], Iterator[bytes]] | None = None


HISTORIES = {
    "support": History((sources.SUPPORT,), "twcs"),
    "rumours": History((sources.RUMOURS,), "posts", sources.rumours),
    "dated": History(sources.DATED, "posts", sources.dated),
    "volumes": History((sources.VOLUMES,), "mentions", sources.volumes),
}


class PageLine(msgspec.Struct, kw_only=True):
    """An incident without a word of what was said: whom it is about, when, how much, and what was made of it.

    `opened`, `worst`: severities; `hours`: until it was over, if it was.  Figures are those of its last event.
    """

    company: str
    day: str
    kind: str
    opened_at: str
    paged: bool
    opened: int
    worst: int
    mentions: int
    negative: int
    authors: int
    expected: float
    share_before: float
    share: float
    doubt: str | None
    hours: float | None
    events: int


def present(folder: Path, history: History) -> bool:
    """Whether all its files are there."""
    return all(any(folder.glob(name)) for name in history.files)


def mentions_file(name: str, folder: Path, cache: Path, fresh: bool = False) -> Path:
    """The analyzed mentions of a history, from `cache` where the same files were analyzed by the same model before.

    The catalogue and the rules of linking are not in the file's name: `fresh` analyzes anew.
    """
    history = HISTORIES[name]
    settings = Settings()
    settings.data = cache
    stage = build("enrich", settings, Metrics())
    ref = stage.scorer.ref  # type: ignore[attr-defined]
    digest = sha256(f"{ref.name} {ref.version}".encode())
    for pattern in history.files:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.read_bytes())
    made = cache / f"{name}-{digest.hexdigest()[:12]}.jsonl"
    if made.exists() and not fresh:
        return made
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", dir=cache, delete=False) as copy:
        if history.layout == "mentions" and history.rows is not None:
            copy.writelines(row + b"\n" for row in history.rows(folder))
        else:
            _analyze(history, folder, settings, stage, _CopiedSpool(copy.write, cache))
    Path(copy.name).replace(made)
    return made


class _CopiedSpool(MentionSpool):
    """A spool that hands on what it is given."""

    def __init__(self, write: Callable[[bytes], int], folder: Path) -> None:
        super().__init__(folder)
        self._write = write

    def add(self, line: bytes) -> None:
        super().add(line)
        self._write(line + b"\n")


def _analyze(history: History, folder: Path, settings: Settings, stage: object, spool: _CopiedSpool) -> None:
    """Every post of the history through the enrich stage."""
    with tempfile.NamedTemporaryFile("wb", suffix=".jsonl", dir=settings.data) as posts, spool:
        files = [str(folder / name) for name in history.files]
        if history.rows is not None:
            posts.writelines(row + b"\n" for row in history.rows(folder))
            posts.flush()
            files = [posts.name]
        with Rejects(Path(settings.data) / "rejects.jsonl") as rejects:
            reader = reader_for(history.layout, settings.ingest)
            source.posts_into(spool, settings, files, reader, rejects, stage, _quietly, _quietly)  # type: ignore[arg-type]
    asyncio.run(stage.close())  # type: ignore[attr-defined]


def pages(mentions: Path, folder: Path) -> list[PageLine]:
    """The incidents of analyzed mentions at the shipped promise, in the order in which they opened."""
    with MentionSpool(folder) as spool, Rejects(folder / "rejects.jsonl") as rejects:
        source.mentions_into(spool, [str(mentions)], rejects, _quietly)
        outcome = run_detector(spool, PROMISE, _quietly)
    return sorted((_line(episode) for episode in outcome.episodes.values()), key=lambda p: (p.opened_at, p.company))


def _line(episode: Episode) -> PageLine:
    opened, last = episode.opened, episode.last
    return PageLine(
        company=last.entity.id,
        day=f"{opened.at:%Y-%m-%d}",
        kind=opened.kind,
        opened_at=f"{opened.at:%Y-%m-%dT%H:%M:%SZ}",
        paged=episode.paged is not None,
        opened=opened.severity,
        worst=episode.worst.severity,
        mentions=last.counts.mentions,
        negative=last.counts.negative,
        authors=last.counts.authors,
        expected=round(last.counts.expected, 1),
        share_before=round(last.share.before, 2),
        share=round(last.share.now, 2),
        doubt=last.doubt,
        hours=round((last.resolved_at - opened.at).total_seconds() / 3600.0, 1) if last.resolved_at else None,
        events=episode.events,
    )


def _quietly(_: int) -> None:
    """Nobody watches how far it is."""
