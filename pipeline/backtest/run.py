"""Runs a backtest from files to findings.

Read and analyze once, detect at several rates, count what is to be drawn.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec import Struct

from pipeline.backtest import source, volumes
from pipeline.backtest.detection import Episode, Outcome, run_detector
from pipeline.backtest.findings import COMPANIES, SHOWN, Findings, rate_of
from pipeline.backtest.labels import read_labels, score
from pipeline.backtest.nearness import Nearness
from pipeline.backtest.own_rate import own_rates
from pipeline.backtest.spool import CompanyHistory, MentionSpool
from pipeline.detect.evidence.budget import Promise, promised
from pipeline.ingest.formats.formats import MENTIONS, reader_for
from pipeline.ingest.rejects import Rejects
from pipeline.settings.settings import Settings
from pipeline.terminal.steps import Steps
from pipeline.version import installed_version

RATES = (0.05, 0.2, 0.5, 1.0)
"""Promises that the report compares, besides the chosen one."""


class BacktestRequest(Struct, frozen=True, kw_only=True):
    """What to read, and how."""

    files: tuple[str, ...]
    format: str = "posts"
    network: str | None = None
    labels: Path | None = None


def backtest(settings: Settings, request: BacktestRequest, rejects: Rejects, steps: Steps) -> Findings:
    """What would have happened, had this history been read as it came.

    Guarantees: the same files, settings and model give the same findings; each post is read by the model once; memory
    does not grow with the length of the history (but for its incidents).  Raises `SettingsError` for an unknown
    format, `TerminalError` when a file cannot be read.
    """
    stories = None if request.labels is None else read_labels(request.labels)
    with MentionSpool(Path(settings.data)) as spool:
        read, model, assumed = _fill(spool, settings, request, rejects, steps)
        companies = sorted(spool.companies.values(), key=lambda c: (-c.mentions, c.id))
        chosen = settings.detect.false_alarms
        outcomes, nearness = _detect(spool, promised(settings.detect), steps)
        outcome = outcomes[chosen]
        found = Findings(
            files=[Path(file).name for file in request.files],
            format=request.format,
            false_alarms=chosen,
            version=installed_version(),
            model=model,
            read=read,
            assumed=assumed,
            rejects=dict(sorted(rejects.counts.items())),
            mentions=spool.mentions,
            companies=companies,
            outcome=outcome,
            rates=[
                rate_of(other, companies, chosen, None if stories is None else score(stories, other))
                for _, other in sorted(outcomes.items())
            ],
            own_rates=own_rates(companies[:COMPANIES], outcomes, chosen, stories),
            candidates=nearness.nearest(),
            score=None if stories is None else score(stories, outcome),
        )
        _draw(spool, found, steps)
    return found


def _fill(
    spool: MentionSpool, settings: Settings, request: BacktestRequest, rejects: Rejects, steps: Steps
) -> tuple[int, str, list[str]]:  # fmt: skip
    """Mentions into the spool; gives the rows read, the model that judged them, and what was filled in."""
    lines = source.line_count(request.files)
    if request.format == MENTIONS:
        steps.step("reading mentions", lines)
        return source.mentions_into(spool, request.files, rejects, steps.tick).read, "", []
    from pipeline.observability.metrics import Metrics
    from pipeline.runtime.build import build

    reader = reader_for(request.format, settings.ingest, request.network)
    stage = build("enrich", settings, Metrics())
    sorting = _Sorting(steps, lines, reader.time_order)
    try:
        counts = source.posts_into(spool, settings, request.files, reader, rejects, stage, sorting.row, sorting.post)
    finally:
        asyncio.run(stage.close())
    ref = stage.scorer.ref  # type: ignore[attr-defined]
    return counts.read, f"{ref.name} {ref.version}", reader.assumed()


class _Sorting:
    """Tells the steps apart: a format that has to be sorted is read to its end before the first post is analyzed."""

    def __init__(self, steps: Steps, lines: int | None, in_order: bool) -> None:
        self._steps = steps
        self._in_order = in_order
        self._rows = 0
        self._analyzing = in_order
        steps.step("analyzing posts" if in_order else "sorting posts", lines)

    def row(self, number: int) -> None:
        self._rows += number
        if not self._in_order:
            self._steps.tick(number)

    def post(self, number: int) -> None:
        if not self._analyzing:
            self._analyzing = True
            self._steps.step("analyzing posts", self._rows)
        self._steps.tick(number)


def _detect(spool: MentionSpool, chosen: Promise, steps: Steps) -> tuple[dict[float, Outcome], Nearness]:
    """The detector at every rate; the chosen one, with what teams are promised, is watched for what stayed below its
    thresholds."""
    nearness = Nearness()
    rates = sorted({*RATES, chosen.each})
    steps.step(f"detecting at {len(rates)} rates", spool.records * len(rates))
    others = {rate: run_detector(spool, rate, steps.tick) for rate in rates if rate != chosen.each}
    return {**others, chosen.each: run_detector(spool, chosen, steps.tick, nearness)}, nearness


def _draw(spool: MentionSpool, found: Findings, steps: Steps) -> None:
    """Count what the charts show: the gravest incidents, the companies most mentioned."""
    steps.step("drawing", spool.records)
    shown: list[Episode] = sorted(
        found.episodes, key=lambda e: (e.paged is None, -e.worst.severity, -e.last.counts.negative)
    )[:SHOWN]
    shown.sort(key=lambda e: (e.opened.at, e.opened.incident_id))
    companies: list[CompanyHistory] = found.companies[:COMPANIES]
    around = [volumes.around(episode) for episode in shown]
    overall = volumes.overall(spool, companies)
    volumes.count(spool, [*around, *overall], steps.tick)
    found.cards = [(e, volumes.card(e, window)) for e, window in zip(shown, around, strict=True)]
    found.volumes = list(zip(companies, overall, strict=True)) if overall else []
