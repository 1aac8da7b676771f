"""What an incident tells: one sentence first, then the evidence."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.detect.entity import EntityState
from pipeline.detect.forecast import Outlook
from pipeline.detect.incident import Incident, KeptPost
from pipeline.detect.phrases import new_phrases
from pipeline.messages import Driver, Explanation, Phrase, PostRef

TOP_POSTS = 3


def explanation(s: EntityState, incident: Incident, name: str, expected: float, outlook: Outlook) -> Explanation:
    """Sentence, first post, posts that drew most answers, new phrases, networks and drivers of an incident."""
    phrases = new_phrases(s.talk, s.past, name)
    first = incident.first_post
    posts = [
        post
        for post in s.ring
        if incident.covers(post.root)
        and post.t >= incident.started
        and (first is None or post.post_id != first.post_id)
    ]
    posts.sort(key=lambda post: (-post.replies, post.t))
    return Explanation(
        summary=summary(s, incident, name, expected, outlook, [text for text, _ in phrases[:2]]),
        first_post=_reference(first) if first is not None else None,
        top_posts=tuple(_reference(post) for post in posts[:TOP_POSTS]),
        phrases=tuple(Phrase(text, count) for text, count in phrases),
        networks=dict(incident.networks),
        drivers=tuple(
            Driver(author, count)
            for author, count in sorted(incident.drivers.items(), key=lambda d: (-d[1], d[0]))
            if count > 1
        ),
    )


def summary(
    s: EntityState, incident: Incident, name: str, expected: float, outlook: Outlook, phrases: list[str]
) -> str:
    """Who, what, since when, how fast, how big, compared with what: one sentence."""
    span = duration((incident.hot if incident.resolved else s.clock) - incident.started)
    posts = f"{incident.mentions:,} posts, {incident.negative:,} negative,"
    if incident.kind == "amplification":
        posts = f"a negative post shared {incident.reposts:,} times"
    people = f"{incident.authors:,} {'person' if incident.authors == 1 else 'people'}"
    where = " in one thread" if incident.kind == "pile_on" and not incident.wide and len(incident.roots) == 1 else ""
    since = f"since {_moment(incident.started, s.clock)} UTC"
    talk = f", about {' and '.join(f'“{phrase}”' for phrase in phrases)}" if phrases else ""
    if incident.resolved:
        text = f"{name}: over after {span}, {posts} by {people}{where}, {since}, {_usual(expected)}{talk}"
    else:
        text = (
            f"{name}: {posts} by {people}{where} within {span}, {since}, {_usual(expected)}{talk}; {_growth(outlook)}"
        )
    if incident.coordinated:
        text += "; looks coordinated (few authors or copied texts)"
    if incident.learning:
        text += "; still learning what is normal here"
    return text + "."


def duration(seconds: float) -> str:
    """A span as a person says it: `5 minutes`, `1 h 40 min`, `3 days`."""
    minutes = max(1, round(seconds / 60.0))
    if minutes < 60:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    if minutes < 2880:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{round(minutes / 1440)} days"


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


def _moment(t: float, now: float) -> str:
    when = datetime.fromtimestamp(t, UTC)
    return f"{when:%H:%M}" if now - t < 72_000 else f"{when:%d %b %H:%M}"


def _reference(post: KeptPost) -> PostRef:
    return PostRef(
        post.post_id, post.author, post.text, datetime.fromtimestamp(post.t, UTC), post.url, replies=post.replies
    )
