"""Incident events: the messages on ``incidents.v1``.

The rules of `posts.py` hold for them, too.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from pipeline.contracts.mentions import EntityRef
from pipeline.contracts.values import Doubt, Id, IncidentEventName, IncidentKind, Leaning, Probability, Reason, Time


class Counts(Struct, frozen=True):
    """Size of an incident so far; `expected` is what the baseline foresaw for the same span."""

    mentions: int
    negative: int
    authors: int
    expected: float


class Share(Struct, frozen=True):
    """Share of negative mentions, before the incident and in it (0–1)."""

    before: float
    now: float


class Forecast(Struct, frozen=True):
    """Predicted final number of mentions with an 80 % interval, and the time in which the incident doubles."""

    size: float
    low: float
    high: float
    doubling_minutes: float | None = None


class PostRef(Struct, frozen=True):
    """A post quoted as evidence."""

    post_id: str
    author: str
    text: str
    created_at: Time
    url: str | None = None
    replies: int = 0


class Driver(Struct, frozen=True):
    """An author who drives an incident, with the number of mentions written."""

    author: str
    mentions: int


class Phrase(Struct, frozen=True):
    """A phrase that is new in this incident, with its count."""

    text: str
    count: int


class Part(Struct, frozen=True):
    """People who take part in an incident in one way, and their mentions."""

    people: int
    mentions: int


class Crowd(Struct, frozen=True):
    """Who takes part: the few who write posts of their own, those who answer or quote, those who only pass on."""

    wrote: Part
    answered: Part
    shared: Part


class Regular(Struct, frozen=True):
    """Somebody who often speaks of the entity and takes part: mentions in the incident, in about how many stretches of
    six hours they spoke of it before, and how they usually lean."""

    author: str
    mentions: int
    before: int
    leaning: Leaning


class Narrative(Struct, frozen=True):
    """Complaints of an incident that are about the same thing.

    `mentions`: how many so far; `share`: of all complaints looked at since the incident was found; `recent`: those of
    the last half hour, older ones fading; `since`: when the first came; `example`: a post of them.
    """

    mentions: int
    share: Probability
    recent: int
    since: Time
    phrases: tuple[Phrase, ...] = ()
    example: PostRef | None = None


class Explanation(Struct, frozen=True):
    """What a person needs to see in ten seconds; `summary` is one sentence.

    `narratives` tell apart what the complaints are about, the largest first; `grouped_by` says by what: the meaning of
    the texts (`sketch`), or their words where mentions came without one.
    """

    summary: str
    first_post: PostRef | None = None
    top_posts: tuple[PostRef, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    networks: dict[str, int] = {}
    drivers: tuple[Driver, ...] = ()
    crowd: Crowd | None = None
    regulars: tuple[Regular, ...] = ()
    narratives: tuple[Narrative, ...] = ()
    grouped_by: Literal["sketch", "words"] | None = None


class TestResult(Struct, frozen=True):
    """The test that fired: evidence against its threshold, and the false alarms per entity and month it stands for."""

    __test__ = False  # keeps pytest from collecting it

    name: str
    value: float
    threshold: float
    false_alarms: float


class Firing(Struct, frozen=True):
    """A test that fired in an incident, and when: its evidence then, the threshold, and the false alarms per entity and
    month that the threshold stands for."""

    name: str
    at: Time
    value: float
    threshold: float
    false_alarms: float


class Series(Struct, frozen=True):
    """Mentions of the entity over time, from before the incident on, in spans of `seconds`.

    `expected`: the negative mentions that the baseline foresaw.  The three are equally long, 48 spans at most; the
    last span may not be over.
    """

    start: Time
    seconds: int
    mentions: tuple[int, ...]
    negative: tuple[int, ...]
    expected: tuple[float, ...]


class Foretold(Struct, frozen=True):
    """A forecast held against what came: made `minutes` after the incident began, when `seen` mentions were known.

    `error`: how far the size foretold lay from the final one, as a share of the final one; `held`: whether the final
    size lay within the interval.
    """

    minutes: float
    seen: int
    size: float
    low: float
    high: float
    error: float
    held: bool


class IncidentEvent(Struct, tag_field="type", tag="incident_event", kw_only=True):
    """A step in the life of an incident.

    `at` is the `ingested_at` of the mention that led to the event: nothing that arrived later was used.  It may be a
    mention of another entity where it is time that has passed, and never goes back within an incident.  `reasons` say
    why it looks coordinated, `fired` which tests fired when, `review` (once resolved) what had been foretold.
    `doubt`: more is said, but no larger share complains; the likely cause, which pages nobody.
    `page` and `picture` are addresses on the built-in page, where it has one.
    """

    incident_id: Id
    entity: EntityRef
    kind: IncidentKind
    event: IncidentEventName
    at: Time
    severity: Annotated[int, Meta(ge=0, le=5)]
    pageable: bool = True
    coordinated: bool = False
    opened_at: Time
    resolved_at: Time | None = None
    counts: Counts
    share: Share
    forecast: Forecast | None = None
    explanation: Explanation
    test: TestResult
    reasons: tuple[Reason, ...] = ()
    fired: tuple[Firing, ...] = ()
    series: Series | None = None
    review: tuple[Foretold, ...] = ()
    doubt: Doubt | None = None
    page: str | None = None
    picture: str | None = None
