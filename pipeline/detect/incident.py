"""An incident in progress, as the entity's state keeps it: scope, counts, and what it has told."""

from __future__ import annotations

from msgspec import Struct, field

from pipeline.contracts.messages import Reason
from pipeline.detect.coordination import Signs
from pipeline.detect.course import Course
from pipeline.detect.people import Parts

ROOTS, NETWORKS, DRIVERS, REGULARS = 6, 5, 6, 4
"""Most threads, networks, authors and regulars kept of an incident."""

FIRED, FORETOLD = 6, 3
"""Most firings and forecasts kept of an incident."""

POST_BYTES = 220
"""Most bytes of a post that is kept as evidence; longer texts are cut, longer ids make it unfit."""

NAME_BYTES = 32
"""Most bytes of an author's name."""


class KeptPost(Struct, array_like=True):
    """A negative post that may be quoted as evidence; `root` is the hash of its thread, `slot` that of its narrative
    (-1: none)."""

    post_id: str
    author: str
    text: str
    t: int
    url: str | None
    root: int
    replies: int = 0
    slot: int = -1


class Fired(Struct, array_like=True, frozen=True):
    """A test that fired at event time `at`: its evidence, the threshold, and the false alarms per entity and month that
    the threshold stands for."""

    name: str
    at: int
    value: float
    threshold: float
    rate: float


class Forecasted(Struct, array_like=True, frozen=True):
    """A forecast as it was told at event time `at`, when `seen` mentions were known; sizes in mentions."""

    at: int
    seen: int
    size: float
    low: float
    high: float


class Incident(Struct, array_like=True):
    """An incident, open until `resolved` is set, and kept for the refractory time.

    Times are whole seconds of event time; `opened_at` is the arrival of the mention that opened it, `told_at` that of
    the last event, in seconds.
    `expected_from`: negatives the baseline had foreseen until the incident began.  `told`: mentions when it last
    escalated.  `fast`, `middle`, `slow`: mentions, decaying over 5, 30 and 180 minutes.
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
    course: Course
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
    told: int = 0
    told_at: float = 0.0
    last_event: int = 0
    hot: int = 0
    resolved: int = 0
    learning: bool = False
    reasons: tuple[Reason, ...] = ()
    first_post: KeptPost | None = None
    networks: dict[str, int] = {}
    drivers: dict[str, int] = {}
    regulars: dict[str, tuple[int, int, int, int]] = {}
    """Author → mentions in the incident, then how often before, against and in favour."""
    foretold: list[Forecasted] = []
    parts: Parts = field(default_factory=Parts)
    signs: Signs = field(default_factory=Signs)

    @property
    def coordinated(self) -> bool:
        return bool(self.reasons)

    @property
    def open(self) -> bool:
        return self.resolved == 0

    def covers(self, root: int) -> bool:
        """Whether a mention of that thread belongs to the incident."""
        return self.wide or root in self.roots
