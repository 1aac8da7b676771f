"""Builds each stage by its name, with what it needs."""

from __future__ import annotations

from pipeline.contracts.stage_names import STAGES
from pipeline.errors import TerminalError
from pipeline.observability.metrics import Metrics
from pipeline.settings.settings import Settings
from pipeline.stages.stage import Stage


def build(name: str, settings: Settings, metrics: Metrics, *, live: bool = False) -> Stage:
    """The stage of this name.  Imports only what that stage needs, so that a small worker stays small.

    A `live` one follows the watch list and its changes; a run over a file links all of the catalogue.
    """
    if name == "enrich":
        from models.load import load_scorer
        from pipeline.enrich.catalogue.watch_list import WatchListFile
        from pipeline.enrich.linking.embeddings import reader_of
        from pipeline.enrich.load import Renewal, open_linker
        from pipeline.enrich.stage import Enrich
        from pipeline.runtime.process.metered_scorer import MeteredScorer

        scorer = load_scorer(settings.model)
        enrich = settings.enrich
        linker = open_linker(settings.catalogue, reader_of(scorer))
        return Enrich(
            linker,
            MeteredScorer(scorer, metrics),
            thread_days=enrich.thread_days,
            ahead_seconds=enrich.max_ahead_hours * 3600.0,
            renewed=Renewal(settings.own_catalogue, linker),
            watched=WatchListFile(settings.following) if live else lambda: None,
            observe=lambda bound, replies: metrics.replies_dropped.labels(bound).inc(replies),
        )
    if name == "detect":
        from pipeline.detect.evidence.budget import promised
        from pipeline.detect.stage import Detect

        return Detect(promised(settings.detect), page_coordinated=settings.detect.page_coordinated)
    if name == "index":
        from pipeline.index.load import open_index
        from pipeline.index.stage import IndexStage

        return IndexStage(open_index(settings))
    if name == "alert":
        from pipeline.alert.load import open_notifiers
        from pipeline.alert.stage import Alert

        def observe(notifier: str, what: str) -> None:
            counter = {"sent": metrics.alerts_sent, "failed": metrics.alerts_failed}.get(what)
            if counter is not None:
                counter.labels(notifier).inc()

        def waiting(notifier: str, notices: int) -> None:
            metrics.alerts_waiting.labels(notifier).set(notices)

        return Alert(open_notifiers(settings), observe=observe, waiting=waiting)
    raise TerminalError("no such stage", subject=name, todo=f"Stages are {', '.join(STAGES)}")
