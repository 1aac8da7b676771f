"""Explains an incident: one sentence first, then the evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, cast

from pipeline.contracts.incidents import Crowd, Driver, Explanation, Narrative, Part, Phrase, PostRef, Regular
from pipeline.contracts.values import Doubt
from pipeline.detect.incidents.forecast import Outlook
from pipeline.detect.narratives.clustering import recently
from pipeline.detect.narratives.phrases import new_phrases, phrases_of
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import Incident
from pipeline.detect.state.quotable_posts import QuotablePost
from pipeline.detect.state.regulars import Standing
from pipeline.text.duration import duration
from pipeline.text.incident_words import DOUBT_WORDS, REASON_WORDS

TOP_POSTS: Final = 3

FEWEST, LEAST_SHARE = 3, {"sketch": 0.05, "words": 0.15}
"""Complaints, and share of all complaints, from which a narrative is shown.  Groups by words are poorer: small ones say
nothing, and neither do those without words of their own."""

STORY_SHARE: Final = 0.2
"""Share of the complaints from which a narrative is named in the sentence beside another."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Known(NamedTuple):
    """What is known beside the state: the entity's name, the negatives expected since the beginning, the forecast, and
    the likely cause where complaints did not rise."""

    name: str
    expected: float
    outlook: Outlook
    doubt: Doubt | None = None


def explanation(entity: EntityState, incident: Incident, known: Known) -> Explanation:
    """Sentence, first post, posts that drew most answers, new phrases, narratives, networks and people."""
    phrases = new_phrases(entity.vocabulary, entity.past, known.name)
    found = narratives(entity, known.name)
    first = incident.first_post
    wide, roots, started = incident.wide, incident.roots, incident.started
    posts = [
        post
        for post in entity.posts
        if (wide or post.root in roots) and post.at >= started and (first is None or post.post_id != first.post_id)
    ]
    posts.sort(key=lambda post: (-post.replies, post.at))
    return Explanation(
        summary=summary(entity, incident, known, topics([text for text, _ in phrases], found)),
        first_post=_reference(first) if first is not None else None,
        top_posts=tuple(_reference(post) for post in posts[:TOP_POSTS]),
        phrases=tuple(Phrase(text, count) for text, count in phrases),
        networks=dict(incident.networks),
        drivers=tuple(
            Driver(author, count)
            for author, count in sorted(incident.drivers.items(), key=lambda d: (-d[1], d[0]))
            if count > 1
        ),
        crowd=crowd(incident),
        regulars=regulars(incident),
        narratives=found,
        grouped_by=cast(Literal["sketch", "words"], entity.narratives.by) if found else None,
    )


def narratives(entity: EntityState, name: str) -> tuple[Narrative, ...]:
    """What the complaints are about, the largest group first."""
    seen = max(1, entity.narratives.seen)
    by = entity.narratives.by
    least = max(FEWEST, LEAST_SHARE.get(by, 1.0) * seen)
    found = []
    for slot, known in enumerate(entity.narratives.slots):
        if known is None or known.mentions < least:
            continue
        phrases = phrases_of(entity.vocabulary, slot, known.mentions, entity.past, name)
        if by == "words" and not phrases:
            continue
        posts = [post for post in entity.posts if post.slot == slot]
        example = max(posts, key=lambda post: (post.replies, -post.at), default=None)
        found.append(
            Narrative(
                mentions=known.mentions,
                share=round(known.mentions / seen, 3),
                recent=round(recently(known, entity.clock)),
                since=datetime.fromtimestamp(known.first, UTC),
                phrases=tuple(Phrase(text, count) for text, count in phrases),
                example=None if example is None else _reference(example),
            )
        )
    found.sort(key=lambda narrative: (-narrative.mentions, narrative.since))
    return tuple(found)


def crowd(incident: Incident) -> Crowd:
    """Who takes part, by what they do."""
    parts = incident.participation
    return Crowd(
        Part(parts.writers, parts.written), Part(parts.answerers, parts.answers), Part(parts.sharers, parts.shares)
    )


def regulars(incident: Incident) -> tuple[Regular, ...]:
    """Those who often speak of the entity, the busiest in the incident first."""
    found = [
        Regular(author, mentions, standing[0], Standing(*standing).leaning)
        for author, (mentions, *standing) in incident.regulars.items()
    ]
    return tuple(sorted(found, key=lambda regular: (-regular.mentions, regular.author)))


def topics(phrases: list[str], found: tuple[Narrative, ...]) -> str:
    """What it is about in a few words: two stories with their shares where there are two, else the newest phrases."""
    stories = [n for n in found if n.share >= STORY_SHARE and n.phrases][:2]
    if len(stories) == 2 and stories[0].phrases[0].text != stories[1].phrases[0].text:
        return " and ".join(f"“{n.phrases[0].text}” ({n.share:.0%})" for n in stories)
    return " and ".join(f"“{phrase}”" for phrase in phrases[:2])


def summary(entity: EntityState, incident: Incident, known: Known, about: str) -> str:
    """Who, what, since when, how fast, how big, compared with what, and what speaks against it: one sentence."""
    span = duration((incident.hot if incident.resolved else entity.clock) - incident.started)
    posts = f"{incident.mentions:,} posts, {incident.negative:,} negative,"
    if incident.kind == "amplification":
        posts = f"a negative post shared {incident.reposts:,} times"
    people = f"{incident.authors:,} {'person' if incident.authors == 1 else 'people'}"
    where = " in one thread" if incident.kind == "pile_on" and not incident.wide and len(incident.roots) == 1 else ""
    since = f"since {_moment(incident.started, entity.clock)} UTC"
    talk = f", about {about}" if about else ""
    usual = _usual(known.expected)
    if incident.resolved:
        text = f"{known.name}: over after {span}, {posts} by {people}{where}, {since}, {usual}{talk}"
    else:
        text = (
            f"{known.name}: {posts} by {people}{where} within {span}, {since}, {usual}{talk}; {_growth(known.outlook)}"
        )
    if incident.coordinated:
        text += f"; looks coordinated ({', '.join(REASON_WORDS[reason] for reason in incident.reasons)})"
    if known.doubt is not None:
        before = f"{incident.share_before:.0%}"
        text += f"; no larger share complains than the usual {before}: {DOUBT_WORDS[known.doubt]}"
    if incident.learning:
        text += "; still learning what is normal here"
    return text + "."


def _usual(expected: float) -> str:
    amount = f"{expected:,.0f}" if expected >= 9.5 else f"{expected:.1f}" if expected >= 0.1 else ""
    return f"where {amount} negative would be usual" if amount else "where next to no negative would be usual"


def _growth(outlook: Outlook) -> str:
    """Pace and predicted size."""
    size = f"may reach about {_rough(outlook.size)} ({_rough(outlook.low)}–{_rough(outlook.high)})"
    if outlook.doubling_minutes is None:
        return f"hardly growing now, {size}"
    return f"doubling in {duration(outlook.doubling_minutes * 60.0)}, {size}"


def _rough(value: float) -> str:
    """A number with two significant digits: more would pretend."""
    return f"{float(f'{value:.2g}'):,.0f}"


def _moment(event_time: float, now: float) -> str:
    when = datetime.fromtimestamp(event_time, UTC)
    clock = f"{when.hour:02}:{when.minute:02}"
    return clock if now - event_time < 72_000 else f"{when.day:02} {_MONTHS[when.month - 1]} {clock}"


def _reference(post: QuotablePost) -> PostRef:
    return PostRef(
        post.post_id, post.author, post.text, datetime.fromtimestamp(post.at, UTC), post.url, replies=post.replies
    )
