"""Forecasts held against what came."""

from __future__ import annotations

from pipeline.contracts.messages import Foretold
from pipeline.detect.forecast import Outlook
from pipeline.detect.incident import FORETOLD, Forecasted, Incident

AGES = (0, 30 * 60, 60 * 60)
"""Ages of an incident, in seconds, from which a forecast is kept: the first that is told from each on."""


def foretell(incident: Incident, ahead: Outlook, t: int) -> None:
    """Keep the forecast that is being told at `t`, when it is the first of its age."""
    kept = incident.foretold
    newer = not kept or _stage(t - incident.started) > _stage(kept[-1].at - incident.started)
    if newer and len(kept) < FORETOLD:
        kept.append(Forecasted(t, incident.mentions, ahead.size, ahead.low, ahead.high))


def review(incident: Incident) -> tuple[Foretold, ...]:
    """What was foretold, against the size that the incident has now."""
    final = max(1, incident.mentions)
    return tuple(
        Foretold(
            minutes=round((f.at - incident.started) / 60.0, 1),
            seen=f.seen,
            size=f.size,
            low=f.low,
            high=f.high,
            error=round(abs(f.size - final) / final, 3),
            held=f.low <= final <= f.high,
        )
        for f in incident.foretold
    )


def _stage(age: int) -> int:
    """How many of `AGES` an age has reached."""
    return sum(age >= least for least in AGES)
