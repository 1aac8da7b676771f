"""Doubts about a surge: more is said, but no larger share of it complains.

Promotions, news and sources that come back after an outage raise the number of complaints as they raise everything.
An incident that only the surge test found is in doubt for as long as the share of complaints since its beginning is not
above the usual one by more than the surge test tolerates and one standard deviation (binomial), nor the surge test
sure of a risen share.  What is in doubt is shown with its likely cause and pages nobody; the doubt goes as soon as the
share rises.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Final

from pipeline.contracts.values import Doubt
from pipeline.detect.evidence.baseline import shifted
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import Incident

TOLERATED_LOGIT: Final = 0.25
"""Log-odds by which the share of complaints may exceed the usual one, as in the surge test."""

BY_CHANCE: Final = 0.25
"""Chance that complaints of the usual share seem so to the share test: each may begin a run of evidence, and of n runs
one reaches h nats with at most n exp(-h) (Wald 1945).  What is rarer ends a doubt by itself: a crowd of friends, or a
few accounts that post a lot, can make the complaints a small part of all that is said; the test weighs people, and
forgets."""

KNOWN: Final = 30
"""Mentions before the incident from which a company's usual share is known, and not guessed from others."""

PASSED_ON: Final = 0.5
"""Share of reposts and copies from which it is news that goes round, and not people with something of their own."""

SILENCE: Final = 5.0
"""Mentions that must have been due in a silence just before the beginning: by chance that is one silence in 150."""


def doubt(entity: EntityState, incident: Incident) -> Doubt | None:
    """The likely cause of a rise in volume without a rise in complaints; None where complaints did rise, or where more
    than the surge test found the incident."""
    if not incident.mentions or any(fired.name != "surge" for fired in incident.fired):
        return None
    tolerated = shifted(incident.share_before, TOLERATED_LOGIT)
    due = incident.mentions * tolerated
    if incident.negative > due + sqrt(due * (1.0 - tolerated)):
        return None
    if (
        entity.mentions - incident.mentions >= KNOWN
        and incident.negative * exp(-max(entity.evidence.share)) <= BY_CHANCE
    ):
        return None
    if _due_in_silence(entity, incident) >= SILENCE:
        return "source_outage"
    if incident.reposts + incident.copies >= PASSED_ON * incident.mentions:
        return "news"
    return "promotion"


def _due_in_silence(entity: EntityState, incident: Incident) -> float:
    """Mentions that were due in the silence that ended with the incident's beginning, as far as is known."""
    timeline, baseline = incident.timeline, entity.baseline
    due = 0
    before = min((incident.started - timeline.start) // timeline.width, len(timeline.mentions))
    for span in range(before - 1, -1, -1):
        if timeline.mentions[span]:
            break
        due += timeline.expected[span]
    mu = baseline.mu_negative
    return due / 1000.0 * (mu + baseline.mu_other) / mu if mu > 0.0 else 0.0
