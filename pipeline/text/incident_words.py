"""Words of an incident for people: its kind, its severity, and why it looks coordinated."""

from __future__ import annotations

from pipeline.contracts.values import IncidentKind, Reason

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
