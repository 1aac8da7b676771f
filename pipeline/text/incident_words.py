"""Words of an incident for people: kind, severity, why it looks coordinated or is in doubt."""

from __future__ import annotations

from pipeline.contracts.values import Doubt, IncidentKind, Reason

KIND_WORDS: dict[IncidentKind, str] = {
    "pile_on": "pile-on",
    "surge": "surge",
    "groundswell": "groundswell",
    "amplification": "amplification",
}

SEVERITY_WORDS = ("note", "minor", "moderate", "major", "severe", "critical")
"""By severity, 0 to 5."""

REASON_WORDS: dict[Reason, str] = {
    "few_authors": "few authors",
    "copied_texts": "copied texts",
    "new_accounts": "new accounts",
    "lockstep": "posts in lockstep",
}

DOUBT_WORDS: dict[Doubt, str] = {
    "promotion": "a promotion?",
    "news": "news?",
    "source_outage": "a source back after an outage?",
}
