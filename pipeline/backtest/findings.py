"""Findings of a backtest: all that the report and the JSON are written from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from pipeline.backtest.detection import Episode, Outcome, entity_months
from pipeline.backtest.forecasts import Marks, forecast_marks
from pipeline.backtest.labels import Score, delay
from pipeline.backtest.nearness import NearMiss
from pipeline.backtest.own_rate import OwnRate
from pipeline.backtest.spool import CompanyHistory
from pipeline.backtest.volumes import Window
from pipeline.web.cards import Card

SHOWN = 200
"""Most incidents that are shown with their evidence; the table has all of them, up to `LISTED`."""

LISTED = 2_000
COMPANIES = 40
"""Most companies whose volume is drawn and whose own rate is given."""


class Rate(Struct):
    """What another promise would have done: incidents, those that page, and with labels how right they were."""

    false_alarms: float
    chosen: bool
    incidents: int
    paging: int
    expected_false: float
    """False alarms that the promise stands for in this history."""
    score: Score | None


class Findings(Struct, kw_only=True):
    """See the module.  `rejects` counts what could not be read, by reason; `files` are names without their folders."""

    files: list[str]
    format: str
    false_alarms: float
    version: str
    model: str
    read: int
    rejects: dict[str, int]
    assumed: list[str]
    mentions: int
    companies: list[CompanyHistory]
    outcome: Outcome
    rates: list[Rate]
    own_rates: list[OwnRate]
    candidates: list[NearMiss]
    score: Score | None = None
    cards: list[tuple[Episode, Card]] = []
    volumes: list[tuple[CompanyHistory, Window]] = []

    @property
    def forecasts(self) -> list[Marks]:
        """How the forecasts of the incidents that are over did."""
        return forecast_marks(self.outcome.episodes.values())

    @property
    def rejected(self) -> int:
        return sum(self.rejects.values())

    @property
    def months(self) -> float:
        """Months of all companies together."""
        return entity_months(self.companies)

    @property
    def start(self) -> datetime | None:
        """First arrival."""
        return _moment(min((company.first for company in self.companies), default=None))

    @property
    def end(self) -> datetime | None:
        """Last arrival."""
        return _moment(max((company.last for company in self.companies), default=None))

    @property
    def episodes(self) -> list[Episode]:
        """The incidents in the order in which they opened."""
        return sorted(self.outcome.episodes.values(), key=lambda e: (e.opened.at, e.opened.incident_id))


def rate_of(outcome: Outcome, companies: list[CompanyHistory], chosen: float, score: Score | None) -> Rate:
    """A row of the table of rates."""
    rate = outcome.false_alarms
    allowed = sum(outcome.promise.of(company.id) * entity_months([company]) for company in companies)
    return Rate(rate, rate == chosen, len(outcome.episodes), outcome.paging, allowed, score)


def as_json(found: Findings) -> dict[str, Any]:
    """For machines: the summary, every incident, the candidates and the table of rates."""
    return {
        "read": found.read,
        "rejected": found.rejected,
        "rejects": found.rejects,
        "mentions": found.mentions,
        "entities": len(found.companies),
        "entity_months": round(found.months, 3),
        "start": found.start,
        "end": found.end,
        "false_alarms": found.false_alarms,
        "incidents": [_incident(episode) for episode in found.episodes],
        "candidates": [
            {
                "entity": {"id": c.entity, "name": c.name},
                "test": c.test,
                "at": c.at,
                "value": round(c.value, 3),
                "threshold": round(c.threshold, 3),
                "would_need": round(c.would_need, 3),
            }
            for c in found.candidates
        ],
        "rates": [_rate(rate) for rate in found.rates],
        "own_rates": [_own_rate(own) for own in found.own_rates],
        "forecasts": [
            {"age": m.age, "number": m.number, "error": round(m.error, 3), "held": round(m.held, 3)}
            for m in found.forecasts
        ],
        "labels": None if found.score is None else _score(found.score),
    }


def _incident(episode: Episode) -> dict[str, Any]:
    opened, last = episode.opened, episode.last
    return {
        "incident_id": opened.incident_id,
        "entity": opened.entity,
        "kind": opened.kind,
        "opened_at": opened.at,
        "paged_at": episode.paged_at,
        "over_at": last.resolved_at,
        "severity": episode.worst.severity,
        "coordinated": last.coordinated,
        "doubt": last.doubt,
        "opening": opened.explanation.summary,
        "summary": last.explanation.summary,
        "counts": last.counts,
        "test": opened.test,
        "events": episode.events,
        "foretold": last.review,
    }


def _rate(rate: Rate) -> dict[str, Any]:
    row: dict[str, Any] = {
        "false_alarms": rate.false_alarms,
        "incidents": rate.incidents,
        "paging": rate.paging,
        "expected_false": round(rate.expected_false, 2),
    }
    if rate.score is not None:
        row |= {"found": len(rate.score.found), "missed": len(rate.score.missed), "false": rate.score.false}
    return row


def _own_rate(own: OwnRate) -> dict[str, Any]:
    seen = own.observed
    return {
        "entity": {"id": own.company, "name": own.name},
        "promise": own.promise,
        "weeks": own.weeks,
        "pages": own.pages,
        "a_month": None if seen is None else round(seen.rate, 3),
        "interval": None if seen is None else [round(seen.low, 3), round(seen.high, 3)],
        "standing": own.standing,
        "suggested": own.suggested,
        "thresholds": own.thresholds,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "found": [
            {"story": v.story.story, "kind": v.story.kind, "minutes": round(wait.total_seconds() / 60.0, 1)}
            for v in score.found
            if (wait := delay(v)) is not None
        ],
        "missed": [{"story": v.story.story, "kind": v.story.kind, "size": v.story.size} for v in score.missed],
        "paged_wrongly": [{"story": v.story.story, "kind": v.story.kind} for v in score.paged_wrongly],
        "false_alarms": [event.incident_id for event in score.false_alarms],
        "false": score.false,
        "recall": None if score.recall is None else round(score.recall, 3),
    }


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
