"""Messages that travel between stages and to downstream services.

One JSON object a message; times are RFC 3339 in UTC; identifiers are strings that begin with the network's name.
Changes are additive only: a field may be added with a default, never renamed or removed (golden messages of every past
version are decoded by the tests).  JSON Schemas generated from here are kept in ``docs/contracts/``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_TEXT = 100_000
"""Longest text of a post, in characters; a longer one is a dead letter."""

Id = Annotated[str, Meta(min_length=1, max_length=512)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Time = Annotated[datetime, Meta(tz=True)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
MAX_VERSION = 2**62
Version = Annotated[int, Meta(ge=0, le=MAX_VERSION)]

PostKind = Literal["post", "reply", "quote", "repost", "review", "comment"]
LinkHow = Literal["name", "handle", "hashtag", "product", "inherited"]
Label = Literal["negative", "neutral", "positive"]
AuthorRole = Literal["public", "own", "press"]
IncidentKind = Literal["pile_on", "surge", "groundswell", "amplification"]
IncidentEventName = Literal["opened", "escalated", "updated", "resolved"]
Untrained = Literal["language", "no_words", "hashtags", "code", "long"]
Reason = Literal["few_authors", "copied_texts", "new_accounts", "lockstep"]
Leaning = Literal["ally", "critic", "mixed"]


class Author(Struct, frozen=True):
    """Who wrote a post; `id` is unique within the network."""

    id: Id
    handle: Annotated[str, Meta(max_length=512)] | None = None
    name: Annotated[str, Meta(max_length=1024)] | None = None
    followers: Annotated[int, Meta(ge=0)] | None = None
    created_at: Time | None = None
    """When the account was made, where the network says so."""


class Post(Struct, tag_field="type", tag="post", kw_only=True):
    """A public post as an ingest agent received it.  `version` grows with each edit at the source."""

    post_id: Id
    network: Id
    kind: PostKind = "post"
    author: Author
    text: Text
    lang: Annotated[str, Meta(max_length=35)] | None = None
    url: Annotated[str, Meta(max_length=4096)] | None = None
    created_at: Time
    ingested_at: Time | None = None
    parent_id: Id | None = None
    root_id: Id | None = None
    version: Version = 1
    rating: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None


class PostDeleted(Struct, tag_field="type", tag="post_deleted", kw_only=True):
    """The author or the network took a post back: everything that came of it goes too.  `root_id`, where the agent
    remembers it, lets the deletion follow the post on the partition of its thread."""

    post_id: Id
    network: Id
    deleted_at: Time
    version: Version
    root_id: Id | None = None


class AuthorDeleted(Struct, tag_field="type", tag="author_deleted", kw_only=True):
    """An account is gone: all its posts go too.  Agents put it on every partition, for its posts lie on any."""

    author_id: Id
    network: Id
    deleted_at: Time
    version: Version = 1


RawMessage = Post | PostDeleted | AuthorDeleted


class EntityRef(Struct, frozen=True):
    """A company or brand of the catalogue."""

    id: Id
    name: str


class Link(Struct, frozen=True):
    """Why a post is taken to be about an entity: the words, how they were recognised, how surely (0–1)."""

    surface: str
    how: LinkHow
    confidence: Probability


class Sentiment(Struct, frozen=True):
    """What a post feels about the entity: calibrated probabilities that sum to 1.

    `sure` is false when the highest probability is below the model's stated confidence.
    """

    negative: Probability
    neutral: Probability
    positive: Probability
    label: Label
    sure: bool


class Signals(Struct, frozen=True):
    """Further probabilities that the model reads from a post."""

    offensive: Probability
    hate: Probability
    irony: Probability
    complaint: Probability
    question: Probability
    praise: Probability


class Route(Struct, frozen=True):
    """The department that should act, why, and by when."""

    department: str
    reason: str
    due_at: Time | None = None


class ModelRef(Struct, frozen=True):
    """The model that scored a mention."""

    name: str
    version: str


class Mention(Struct, tag_field="type", tag="mention", kw_only=True):
    """One post about one entity.  A post about two companies makes two mentions.

    `mention_id` is the post id and the entity id: the same post gives the same mentions, however often it is read.
    Fields that no stage has filled yet are null.  `compared_with` is the other company where the post sets two against
    each other ("switched from A to B"); what it feels may be about either.  `sketch` says in 64 small numbers what the
    text is about (``contracts/sketch.py``).  `depth` is over how many answers the link was inherited (at least, where
    one in between is not known), 0 when the post itself speaks of the entity.  `untrained` says why the model was not
    trained for the text (another language, no words, hashtags only, code, too long); its sentiment is then never sure,
    and must page nobody.  `category` is the entity's first industry in the catalogue.
    """

    mention_id: Id
    post_id: Id
    network: Id
    kind: PostKind = "post"
    author: Author
    text: Text
    lang: Annotated[str, Meta(max_length=35)] | None = None
    url: Annotated[str, Meta(max_length=4096)] | None = None
    created_at: Time
    ingested_at: Time
    parent_id: Id | None = None
    root_id: Id
    version: Version = 1
    rating: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None
    entity: EntityRef
    link: Link
    sentiment: Sentiment
    signals: Signals | None = None
    emotion: str | None = None
    route: Route | None = None
    fingerprint: str | None = None
    author_role: AuthorRole = "public"
    compared_with: Id | None = None
    depth: Annotated[int, Meta(ge=0)] = 0
    untrained: Untrained | None = None
    sketch: Annotated[str, Meta(max_length=88)] | None = None
    category: Annotated[str, Meta(max_length=200)] | None = None
    model: ModelRef


class MentionDeleted(Struct, tag_field="type", tag="mention_deleted", kw_only=True):
    """A mention taken back, because its post or its author is gone; `author_key` says whose it was
    (``contracts/account.py``), where that is known."""

    mention_id: Id
    post_id: Id
    entity: EntityRef
    deleted_at: Time
    version: Version
    author_key: Annotated[str, Meta(max_length=64)] | None = None


ScoredMessage = Mention | MentionDeleted | PostDeleted | AuthorDeleted
"""What travels on ``mentions.scored.v1``.  Deletions of posts whose mentions are not known yet pass through to the
index, which knows them and answers with a `MentionDeleted` for each entity."""


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
    page: str | None = None
    picture: str | None = None


def mention_id(post_id: str, entity_id: str) -> str:
    """The identifier of the mention of an entity in a post; deterministic.

    >>> mention_id("bluesky:1", "acme")
    'bluesky:1|acme'
    """
    return f"{post_id}|{entity_id}"
