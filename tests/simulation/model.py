"""What must be so in the end, worked out from what was sent alone; nothing of the pipeline runs for it.

A post is about the companies that its newest version names, else about those of the post that it answers.  It is shown
in that version, unless a deletion that is not older than it covers it.  Where the outcome depends on more than that, the
model says nothing (`Expected.open`): a reply to a post that never came, or to one whose companies changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from pipeline.contracts.messages import mention_id
from pipeline.simulate.companies import demo_companies
from tests.simulation.inputs import (
    Crowd,
    Delete,
    DeleteAuthor,
    Input,
    Junk,
    Say,
    network_of,
    post_id,
    token,
)


class Expected(Struct):
    """See the module."""

    shown: dict[str, str] = field(default_factory=dict)
    """Mention → the token of the version that must be shown."""
    erased: set[str] = field(default_factory=set)
    """Tokens of posts that were deleted, every version."""
    mentions: dict[int, int] = field(default_factory=dict)
    """Company → how many mentions the detector must count."""
    negative: dict[int, int] = field(default_factory=dict)
    undetermined: set[int] = field(default_factory=set)
    """Companies of whose counts the model says nothing."""
    open: set[int] = field(default_factory=set)
    """Posts of which the model says nothing."""
    junk: list[Junk] = field(default_factory=list)


def expected(inputs: Sequence[Input]) -> Expected:
    """What must be so after these inputs."""
    out = Expected(junk=[given for given in inputs if isinstance(given, Junk)])
    posts = _posts(inputs)
    for post, versions in sorted(posts.items()):
        newest = versions[-1]
        if _gone(inputs, versions):
            out.erased |= {token(post, number) for number in range(len(versions))}
            continue
        about = _about(post, posts, set())
        if about is None:
            out.open.add(post)
            continue
        for company in about:
            out.shown[mention_of(post, company)] = token(post, len(versions) - 1)
            out.mentions[company] = out.mentions.get(company, 0) + 1
            out.negative[company] = out.negative.get(company, 0) + newest.bad
    if out.open:
        out.undetermined = set(range(len(demo_companies())))
    return out


def mention_of(post: int, company: int) -> str:
    """The id of the mention of a company in a post."""
    return mention_id(post_id(post), demo_companies()[company].id)


def _posts(inputs: Sequence[Input]) -> dict[int, list[Say]]:
    """Every post with its versions, oldest first."""
    posts: dict[int, list[Say]] = {}
    for given in inputs:
        for say in given.says() if isinstance(given, Crowd) else (given,) if isinstance(given, Say) else ():
            posts.setdefault(say.post, []).append(say)
    for versions in posts.values():
        versions.sort(key=lambda say: say.written)
    return posts


def _gone(inputs: Sequence[Input], versions: list[Say]) -> bool:
    """Whether a deletion covers every version of a post."""
    newest = versions[-1]
    versioned = network_of(newest.post) != network_of(0)
    for given in inputs:
        if isinstance(given, Delete) and given.post == newest.post and (given.written >= newest.written or not versioned):
            return True
        if isinstance(given, DeleteAuthor) and versioned and given.by == newest.by and given.written >= newest.written:
            return True
    return False


def _about(post: int, posts: dict[int, list[Say]], above: set[int]) -> tuple[int, ...] | None:
    """The companies of a post; None where that cannot be said."""
    if post not in posts or post in above:
        return None
    versions = posts[post]
    if versions[-1].names or not versions[-1].answers:
        return versions[-1].names if len({version.names for version in versions}) == 1 or not above else None
    return _about(versions[-1].answers, posts, above | {post})
