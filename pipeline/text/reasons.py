"""The reasons for which an incident looks coordinated, in words for people."""

from __future__ import annotations

from pipeline.contracts.messages import Reason

REASON_WORDS: dict[Reason, str] = {
    "few_authors": "few authors",
    "copied_texts": "copied texts",
    "new_accounts": "new accounts",
    "lockstep": "posts in lockstep",
}
