"""Reviews forecasts: holds them against the size that came."""

from __future__ import annotations

from pipeline.contracts.incidents import Foretold
from pipeline.detect.incidents.forecast import Outlook
from pipeline.detect.state.incident import FORECASTS, Forecasted, Incident

AGES = (0, 30 * 60, 60 * 60)
"""Ages of an incident, in seconds, from which a forecast is remembered: the first that is reported from each on."""


def record(incident: Incident, ahead: Outlook, event_time: int) -> None:
    """Remember the forecast that is being reported at `event_time`, when it is the first of its age."""
    forecasts = incident.forecasts
    newer = not forecasts or _stage(event_time - incident.started) > _stage(forecasts[-1].at - incident.started)
    if newer and len(forecasts) < FORECASTS:
        forecasts.append(Forecasted(event_time, incident.mentions, ahead.size, ahead.low, ahead.high))


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
        for f in incident.forecasts
    )


def _stage(age: int) -> int:
    """How many of `AGES` an age has reached."""
    return sum(age >= least for least in AGES)
