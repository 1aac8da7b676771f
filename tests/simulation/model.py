"""What must be so in the end, worked out from what was sent alone; nothing of the pipeline runs for it.

A post is about the companies that its newest version names, else about those of the post that it answers.  It is shown
in that version, unless a deletion that is not older than it covers it.  Where the outcome depends on more than that,
the model says nothing (`Expected.open`): a reply to a post that never came, or to one whose companies changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct, field

from pipeline.contracts.mentions import mention_id
from pipeline.simulate.companies import demo_companies
from tests.simulation.hazards import HAZARDS, OVERTAKEN, TURNED_TWICE
from tests.simulation.inputs import (
    Again,
    Crowd,
    Delete,
    DeleteAuthor,
    Input,
    Junk,
    Say,
    author_id,
    junk_key,
    network_of,
    post_id,
    posts_of,
    token,
)
from tests.simulation.world.broker import Stored

ENOUGH = 30
"""Complaints in answer to one post within seconds that are an incident without doubt."""


class Expected(Struct):
    """See the module."""

    shown: dict[str, str] = field(default_factory=dict)
    """Mention → the token of the version that must be shown."""
    erased: set[str] = field(default_factory=set)
    """Tokens of posts that were deleted, every version."""
    mentions: dict[int, int] = field(default_factory=dict)
    """Company → how many mentions the detector must count."""
    negative: dict[int, int] = field(default_factory=dict)
    """The same for complaints."""
    overtaken: set[int] = field(default_factory=set)
    """Companies of posts of which an older version came after a newer one."""
    undetermined: set[int] = field(default_factory=set)
    """Companies of whose counts the model says nothing."""
    open: set[int] = field(default_factory=set)
    """Posts of which the model says nothing."""
    junk: list[Junk] = field(default_factory=list)
    incidents: set[int] = field(default_factory=set)
    """Companies with a crowd of complaints in answer to one post."""


def expected(inputs: Sequence[Input], hazards: Collection[str] = HAZARDS, lost: Sequence[Stored] = ()) -> Expected:
    """What must be so after these inputs; nothing is said of what needs a hazard that is not among these, nor of a
    thread of which a record was `lost`."""
    gone = {record.key for record in lost}
    out = Expected(junk=[given for given in inputs if isinstance(given, Junk) and junk_key(given) not in gone])
    posts = posts_of(inputs)
    incomplete = _incomplete(posts, lost)
    for post, versions in sorted(posts.items()):
        newest = versions[-1]
        if _root(newest) in incomplete:
            out.open.add(post)
            out.undetermined |= {name for version in versions for name in version.names}
            continue
        if _gone(inputs, versions):
            out.erased |= {token(post, number) for number in range(len(versions))}
            continue
        about = None if _erased_above(inputs, post, posts) else _about(post, posts, set())
        if about is None or (TURNED_TWICE not in hazards and _turns(post, posts)):
            out.open.add(post)
            out.undetermined |= {name for say in _thread(newest, posts) for name in say.names}
            continue
        for company in about:
            out.shown[mention_of(post, company)] = token(post, len(versions) - 1)
            out.mentions[company] = out.mentions.get(company, 0) + 1
            out.negative[company] = out.negative.get(company, 0) + newest.bad
        if OVERTAKEN not in hazards and _overtaken(inputs, versions):
            out.overtaken |= set(about)
    crowds = [given for given in inputs if isinstance(given, Crowd) and given.people >= ENOUGH]
    blamed = {company for crowd in crowds for say in posts.get(crowd.answers, ()) for company in say.names}
    out.incidents = blamed - out.undetermined if lost else blamed
    return out


def _incomplete(posts: dict[int, list[Say]], lost: Sequence[Stored]) -> set[int]:
    """The roots of threads of which a record was lost: a post, its deletion, or that of one of its authors."""
    found = b" ".join(record.value or b"" for record in lost)
    out = set()
    for post, versions in posts.items():
        names = {post_id(post), *(author_id(post, version.by) for version in versions)}
        if any(b'"%s"' % name.encode() in found for name in names):
            out |= {_root(version) for version in versions}
    return out


def _root(say: Say) -> int:
    return say.root or say.post


def mention_of(post: int, company: int) -> str:
    """The id of the mention of a company in a post."""
    return mention_id(post_id(post), demo_companies()[company].id)


def _turns(post: int, posts: dict[int, list[Say]]) -> bool:
    """Whether a reply that names nobody comes before what it answers, and others of its thread in between."""
    newest = posts[post][-1]
    if newest.names or newest.answers not in posts:
        return False
    came, parent = (min(say.at for say in posts[one]) for one in (post, newest.answers))
    above = posts[newest.answers][-1].answers in posts and _turns(newest.answers, posts)
    return above or any(
        came < say.at < parent for say in _thread(newest, posts) if say.post not in (post, newest.answers)
    )


def _thread(reply: Say, posts: dict[int, list[Say]]) -> list[Say]:
    """Every version of every post of a thread."""
    return [say for versions in posts.values() for say in versions if reply.root in (say.root, say.post)]


def _overtaken(inputs: Sequence[Input], versions: list[Say]) -> bool:
    """Whether an older version of a post comes after a newer one."""
    came = [(say.at, number) for number, say in enumerate(versions)]
    came += [
        (given.at, min(given.nth, len(versions) - 1))
        for given in inputs
        if isinstance(given, Again) and given.post <= versions[0].post < given.post + given.posts
    ]
    numbers = [number for _, number in sorted(came)]
    return numbers != sorted(numbers)


def _gone(inputs: Sequence[Input], versions: list[Say]) -> bool:
    """Whether a deletion covers every version of a post."""
    newest = versions[-1]
    versioned = network_of(newest.post) != network_of(0)
    for given in inputs:
        if not isinstance(given, Delete | DeleteAuthor) or (versioned and given.written < newest.written):
            continue
        if isinstance(given, DeleteAuthor):
            covers = versioned and given.by == newest.by
        else:
            covers = given.post <= newest.post < given.post + given.posts
        if covers:
            return True
    return False


def _erased_above(inputs: Sequence[Input], post: int, posts: dict[int, list[Say]]) -> bool:
    """Whether a post above this one, which names nobody itself, was erased before what it answers had come: then nobody
    knows any more what it was about."""
    seen = {post}
    above = posts[post][-1]
    while not above.names and above.answers in posts and above.answers not in seen:
        seen.add(above.answers)
        versions = posts[above.answers]
        above = versions[-1]
        if not above.names and above.answers in posts:
            came = min(say.at for say in posts[above.answers])
            early = [say for say in versions if say.at < came]
            if early and _gone([given for given in inputs if given.at < came], early):
                return True
    return False


def _about(post: int, posts: dict[int, list[Say]], above: set[int]) -> tuple[int, ...] | None:
    """The companies of a post; None where that cannot be said."""
    if post not in posts or post in above:
        return None
    versions = posts[post]
    if above and len({version.names for version in versions}) > 1:
        return None
    if versions[-1].names or not versions[-1].answers:
        return versions[-1].names
    return _about(versions[-1].answers, posts, above | {post})
