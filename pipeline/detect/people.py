"""Who drives an incident: the parts that people take in it."""

from __future__ import annotations

from msgspec import Struct


class Parts(Struct, array_like=True):
    """People and mentions of an incident by what they did: wrote posts of their own, answered, only passed on.

    `lifecycle.py` counts, since that is compiled."""

    writers: int = 0
    written: int = 0
    answerers: int = 0
    answers: int = 0
    sharers: int = 0
    shares: int = 0

    def begin(self, mentions: int, authors: int, answers: int, shares: int) -> None:
        """What had been counted before the incident was found; people are split as their mentions are."""
        self.shares = min(shares, mentions)
        self.answers = min(answers, mentions - self.shares)
        self.written = mentions - self.answers - self.shares
        if mentions:
            self.sharers = authors * self.shares // mentions
            self.answerers = authors * self.answers // mentions
        self.writers = min(authors - self.sharers - self.answerers, self.written)
