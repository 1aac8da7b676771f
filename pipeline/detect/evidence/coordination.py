"""Signs of coordination: few hands, or a programme, behind many complaints.

Few authors, copied texts or new accounts are each enough.  So are complaints that come like clockwork, when they do so
more evenly than people ever do; when they are only rather even, a second sign must join in.

Only complaints count, and of an author only the first in six hours, so that neither friendly posts nor the many posts
of a few make a crowd look like something else.  Where enough independent people complain, they are a crowd whatever
else is posted beside them.
"""

from __future__ import annotations

from msgspec import Struct

from pipeline.contracts.values import Reason

FEW_VOICES = 0.35
"""People a complaint below which a crowd is not one."""

MANY_COPIES = 0.5
YOUNG = 30 * 86_400
"""Seconds for which an account counts as new."""

MOSTLY_YOUNG = 0.5
FEWEST = 8
"""Complaints below which nothing can be said, and people who complained just once that are a crowd by themselves."""

CROWD = 16
"""People with words of their own, or with accounts not new, that are a crowd beside others."""

MISSED = 0.2
"""Share of copies that may pass for words of their own, as the copier changed some: fewer of them are no crowd."""

CLOCKWORK, EVEN = 0.1, 0.35
"""Standard deviation of the gaps over their mean; people arrive at random, which gives 1 and more."""

CLOCKWORK_GAPS, EVEN_GAPS = 24, 16
_SHORTEST = 2.0  # mean gap in seconds: times are whole seconds, shorter gaps cannot be told to be even


class CoordinationSigns(Struct, array_like=True):
    """What is counted of an incident's complaints for this.

    By people, each once in six hours: `voices`, those of them who only `shared`, whose text was `copied`, whose
    account's age is known (`aged`) and new (`young`), and the gaps between them (`total` seconds, `squares` their sum
    of squares; `last`: time of the newest).  `complaints` are all, by whomever; `single`: people with just one.
    """

    aged: int = 0
    young: int = 0
    last: int = 0
    gaps: int = 0
    total: int = 0
    squares: int = 0
    complaints: int = 0
    voices: int = 0
    shared: int = 0
    copied: int = 0
    single: int = 0

    def begin(self, complaints: int, authors: int, copies: int, reposts: int) -> None:
        """What had been counted before the incident was found, as far as it shows how many people complained."""
        self.complaints = complaints
        self.voices = min(authors, complaints)
        self.shared = min(reposts, self.voices)
        self.copied = min(copies, self.voices - self.shared)
        self.single = max(0, 2 * authors - complaints) if authors <= complaints else complaints

    def add(self, event_time: int, age: float | None, nth: int, copied: bool = False, repost: bool = False) -> None:
        """Count a complaint, its author's `nth` in six hours, by an account of that age (seconds; None: not known)."""
        self.complaints += 1
        if nth != 1:
            self.single -= nth == 2 and self.single > 0
            return
        self.voices += 1
        self.single += 1
        self.shared += repost
        self.copied += copied
        if age is not None:
            self.aged += 1
            self.young += age < YOUNG
        if not repost:
            self.note_time(event_time)

    def note_time(self, event_time: int) -> None:
        """Count the gap since the last complaint of somebody else."""
        last = self.last
        if last and event_time >= last:
            gap = event_time - last
            self.gaps += 1
            self.total += gap
            self.squares += gap * gap
        if event_time > last:
            self.last = event_time

    def evenness(self) -> float:
        """Standard deviation of the gaps over their mean; large when nothing can be said."""
        if self.gaps == 0 or self.total < _SHORTEST * self.gaps:
            return 1e9
        mean = self.total / self.gaps
        return float(max(0.0, self.squares / self.gaps - mean * mean) ** 0.5 / mean)


def reasons(signs: CoordinationSigns) -> tuple[Reason, ...]:
    """Why an incident looks coordinated; empty when it does not.

    Reposts are copies by nature and do not count as such.
    """
    if signs.complaints < FEWEST:
        return ()
    voices = signs.voices
    wrote = voices - signs.shared
    few, copied = voices / signs.complaints, signs.copied / wrote if wrote >= FEWEST else 0.0
    young = signs.young / signs.aged if signs.aged >= FEWEST else 0.0
    even = signs.evenness()
    found: list[Reason] = []
    if few < FEW_VOICES and signs.single < FEWEST:
        found.append("few_authors")
    if copied > MANY_COPIES and wrote - signs.copied < max(CROWD, MISSED * wrote):
        found.append("copied_texts")
    if young > MOSTLY_YOUNG and signs.aged - signs.young < CROWD:
        found.append("new_accounts")
    helped = few < 2 * FEW_VOICES or copied > MANY_COPIES / 2 or young > MOSTLY_YOUNG / 2
    if (signs.gaps >= CLOCKWORK_GAPS and even <= CLOCKWORK) or (signs.gaps >= EVEN_GAPS and even <= EVEN and helped):
        found.append("lockstep")
    return tuple(found)
