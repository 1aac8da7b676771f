"""Incidents in progress as the entity's state has them: scope, counts, what was reported."""

from __future__ import annotations

from msgspec import Struct, field

from pipeline.contracts.values import Reason
from pipeline.detect.evidence.coordination import CoordinationSigns
from pipeline.detect.state.quotable_posts import QuotablePost
from pipeline.detect.state.timeline import Timeline

ROOTS, NETWORKS, DRIVERS, REGULARS = 6, 5, 6, 4
"""Most threads, networks, authors and regulars remembered of an incident."""

ACCOUNT = 16
"""Digits of an account's key that are remembered."""

TEXTS = 24
"""Most parts of texts remembered of an incident: of six texts in four ways."""

FIRED, FORECASTS = 6, 3
"""Most firings and forecasts remembered of an incident."""


class Fired(Struct, array_like=True, frozen=True):
    """A test that fired at event time `at`: its evidence, the threshold, and the false alarms per entity and month that
    the threshold stands for."""

    name: str
    at: int
    value: float
    threshold: float
    rate: float


class Forecasted(Struct, array_like=True, frozen=True):
    """A forecast as it was reported at event time `at`, when `seen` mentions were known; sizes in mentions."""

    at: int
    seen: int
    size: float
    low: float
    high: float


class Participation(Struct, array_like=True):
    """People and mentions of an incident by what they did: wrote posts of their own, answered, only passed on."""

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

    def add(self, answer: bool, repost: bool, first: bool) -> None:
        """Count a mention; `first` of its author in six hours."""
        if repost:
            self.shares += 1
            self.sharers += first
        elif answer:
            self.answers += 1
            self.answerers += first
        else:
            self.written += 1
            self.writers += first


class Incident(Struct, array_like=True):
    """An incident, open until `resolved` is set, and remembered for the refractory time.

    Times are whole seconds of event time; `opened_at` is the arrival of the mention that opened it, `reported_at` that
    of the last event, in seconds.
    `expected_from`: negatives the baseline had foreseen until the incident began.  `reported`: mentions when it
    last escalated.  `fast`, `middle`, `slow`: mentions, decaying over 5, 30 and 180 minutes.
    `hot`: last time at which it was not quiet.  `fired`: which tests fired when, the one that opened it first.
    """

    incident_id: str
    kind: str
    opened_at: float
    started: int
    share_before: float
    expected_from: float
    roots: list[int]
    wide: bool
    fired: list[Fired]
    timeline: Timeline
    mentions: int = 0
    negative: int = 0
    authors: int = 0
    copies: int = 0
    reposts: int = 0
    fast: float = 0.0
    middle: float = 0.0
    slow: float = 0.0
    at: int = 0
    severity: int = 0
    reported: int = 0
    reported_at: float = 0.0
    last_event: int = 0
    hot: int = 0
    resolved: int = 0
    learning: bool = False
    reasons: tuple[Reason, ...] = ()
    first_post: QuotablePost | None = None
    networks: dict[str, int] = {}
    drivers: dict[str, int] = {}
    regulars: dict[str, tuple[int, int, int, int]] = {}
    """Author → mentions in the incident, then how often before, against and in favour."""
    forecasts: list[Forecasted] = []
    participation: Participation = field(default_factory=Participation)
    signs: CoordinationSigns = field(default_factory=CoordinationSigns)
    accounts: dict[str, str] = {}
    """Driver or regular → the key of the account (`contracts/account.py`), by which deletions find them."""
    texts: dict[str, int] = {}
    """What copies have in common (`contracts/fingerprint.py`) → complaints with it; the most frequent remain."""

    def credit(self, author: str, account: str) -> None:
        """Note whose account it is that drives, or that is a regular; of others nothing is noted."""
        self.accounts = {
            name: key for name, key in self.accounts.items() if name in self.drivers or name in self.regulars
        }
        if author in self.drivers or author in self.regulars:
            self.accounts[author] = account[:ACCOUNT]

    def discredit(self, author: str) -> None:
        """One mention of a driver or a regular is gone; they are forgotten with the last."""
        left = self.drivers.get(author, 0) - 1
        if left > 0:
            self.drivers[author] = left
        else:
            self.drivers.pop(author, None)
        mentions, *standing = self.regulars.get(author, (0, 0, 0, 0))
        if mentions > 1:
            self.regulars[author] = (mentions - 1, standing[0], standing[1], standing[2])
        else:
            self.regulars.pop(author, None)
        if author not in self.drivers and author not in self.regulars:
            self.accounts.pop(author, None)

    @property
    def coordinated(self) -> bool:
        return bool(self.reasons)

    @property
    def open(self) -> bool:
        return self.resolved == 0

    def covers(self, root: int) -> bool:
        """Whether a mention of that thread belongs to the incident."""
        return self.wide or root in self.roots
