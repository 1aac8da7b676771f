"""Subjects of a post: entities from its own words, its thread and its author."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.contracts.mentions import EntityRef, Link
from pipeline.contracts.posts import Post
from pipeline.enrich.accounts import Accounts
from pipeline.enrich.threads.threads import Inheritance, Thread, addressed, inherit, post_hash

OWN_ACCOUNT = 0.99
"""Confidence with which a company's own account speaks for the company."""


class About(NamedTuple):
    """An entity that a post is about, why, and the span that says so (None when inherited)."""

    entity: EntityRef
    link: Link
    span: tuple[int, int] | None


class Subjects(NamedTuple):
    """Whom a post is about, and over how many steps that was inherited.  `named` when its own words say so;
    `beyond_reach` counts the entities that it does not inherit since too many have."""

    abouts: list[About]
    depth: int
    named: bool
    beyond_reach: int = 0


def root_of(post: Post) -> str:
    """The post that a thread is known by: what the network says, else the post answered, else the post itself."""
    return post.root_id or post.parent_id or post.post_id


def parent_of(post: Post) -> str | None:
    """The post that is answered, quoted or shared; None for one that stands by itself."""
    if post.parent_id is not None:
        return post.parent_id
    return post.root_id if post.root_id != post.post_id else None


def subjects(accounts: Accounts, post: Post, thread: Thread | None, offset: int) -> Subjects:
    """Whom a post read at `offset` is about.

    What it names, else what it inherits from the post that it answers.  A post that answers a company's own account
    speaks to the company, whomever else it names ("no, it came by ..."); and a company's own account speaks for the
    company: its answers are part of the thread about it.
    """
    named, parent = names(accounts, post), parent_of(post)
    if parent is None:
        taken = Inheritance([], 0)
    elif named:
        taken = addressed(thread, post_hash(parent), offset)
    else:
        taken = inherit(thread, post_hash(parent), post_hash(root_of(post)), offset)
    return Subjects(joined(accounts, post, named, taken), taken.depth, bool(named), taken.beyond_reach)


def names(accounts: Accounts, post: Post) -> list[About]:
    """The followed companies that a post names in its own words."""
    return [
        About(linked.entity, Link(linked.surface, linked.how, linked.confidence), (linked.start, linked.end))
        for linked in accounts.linker.link(post.text, post.network)
        if accounts.follows(linked.entity.id)
    ]


def joined(accounts: Accounts, post: Post, named: list[About], taken: Inheritance) -> list[About]:
    """What a post names, what it inherits besides, and the company whose own account wrote it."""
    own = {about.entity.id for about in named}
    others = [i for i in taken.entities if i.entity.id not in own and accounts.follows(i.entity.id)]
    abouts = [
        *named,
        *(About(inherited.entity, Link("", "inherited", inherited.confidence), None) for inherited in others),
    ]
    return with_owner(accounts, post, abouts)


def speaker(accounts: Accounts, post: Post) -> EntityRef | None:
    """The company whose own account wrote a post; a paper's account speaks about others."""
    owner = accounts.owner(post.author, post.network)
    return None if owner is None or owner.role == "press" else EntityRef(owner.id, owner.name)


def with_owner(accounts: Accounts, post: Post, abouts: list[About]) -> list[About]:
    """The same, and the company whose own account wrote the post."""
    owner = accounts.owner(post.author, post.network)
    if owner is None or not accounts.follows(owner.id) or any(about.entity.id == owner.id for about in abouts):
        return abouts
    link = Link(post.author.handle or post.author.id, "handle", OWN_ACCOUNT)
    return [*abouts, About(EntityRef(owner.id, owner.name), link, None)]
