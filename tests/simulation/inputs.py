"""What is sent to the pipeline: posts, edits, deletions, repeats, records that are none; and their bytes.

Posts, authors and companies are numbers.  `at` is when a record reaches the broker, in virtual seconds, `delay` how
long before that it was written; when it was written is its version, as on networks whose versions are times.  Every
fourth post is on a network without versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from pipeline.contracts.headers import ARRIVED
from pipeline.contracts.partitioning import partition_of
from pipeline.contracts.posts import Author, AuthorDeleted, Post, PostDeleted, RawMessage
from pipeline.contracts.topics import POSTS_RAW
from pipeline.ingest.publisher import key_of
from pipeline.simulate.companies import demo_companies
from tests.simulation.world.broker import PARTITIONS, Broker
from tests.simulation.world.loop import EPOCH

VERSIONED, UNVERSIONED = "demo-bluesky", "demo-forum"

_WORDS = tuple(
    word
    for line in (
        "train ticket counter window weather letter parcel coffee garden summer station engine bottle kitchen market",
        "holiday receipt number morning evening supper village island button jacket pocket mirror carpet ladder",
        "blanket candle lantern kettle pepper basket saddle bridge harbour meadow hammer",
    )
    for word in line.split()
)


class Say(Struct, frozen=True, tag=True):
    """A post, or another version of one, that names companies; `answers` and `root` are posts, 0 for none."""

    at: float
    post: int
    names: tuple[int, ...] = ()
    bad: bool = True
    by: int = 0
    answers: int = 0
    root: int = 0
    delay: float = 0.0

    @property
    def written(self) -> float:
        """When it was written: its version."""
        return self.at - self.delay


class Crowd(Struct, frozen=True, tag=True):
    """So many people, each with a post of their own within so many seconds: complaints, numbered from `post` on."""

    at: float
    post: int
    people: int
    seconds: float
    names: tuple[int, ...] = ()
    answers: int = 0

    def says(self) -> Iterator[Say]:
        """Its posts."""
        for number in range(self.people):
            at, post = self.at + number * self.seconds / self.people, self.post + number
            yield Say(round(at, 3), post, self.names, True, post, self.answers, self.answers)


class Again(Struct, frozen=True, tag=True):
    """Records that were sent before come again, of so many posts from one on: each its `nth` version (from 0)."""

    at: float
    post: int
    nth: int = 0
    posts: int = 1


class Delete(Struct, frozen=True, tag=True):
    """Posts are deleted, so many from one on."""

    at: float
    post: int
    delay: float = 0.0
    posts: int = 1

    @property
    def written(self) -> float:
        """When that happened."""
        return self.at - self.delay


class DeleteAuthor(Struct, frozen=True, tag=True):
    """An account of the network with versions is deleted."""

    at: float
    by: int
    delay: float = 0.0

    @property
    def written(self) -> float:
        """When that happened."""
        return self.at - self.delay


class Junk(Struct, frozen=True, tag=True):
    """A record that nobody can read: not JSON, without a field, empty, too large to be read, too large for a letter."""

    at: float
    kind: Literal["text", "fields", "empty", "large", "huge"]
    number: int


Input = Say | Crowd | Again | Delete | DeleteAuthor | Junk


class Raw(NamedTuple):
    """A record as it is put on the broker."""

    at: float
    key: bytes
    value: bytes | None
    partition: int | None = None

    def publish(self, broker: Broker, now: float) -> None:
        """Append it where it is to be, or else where its key belongs."""
        partition = partition_of(self.key, PARTITIONS) if self.partition is None else self.partition
        where = (POSTS_RAW.name, partition)
        broker.append(where, [(self.key, self.value, ((ARRIVED, b"%.6f" % now),))])


def raw_records(inputs: Sequence[Input]) -> list[Raw]:
    """Every record of a history, in the order in which they are sent."""
    posts, out = posts_of(inputs), list[Raw]()
    for given in inputs:
        if isinstance(given, Crowd):
            out += [_raw(say.at, post_of(say, 0)) for say in given.says()]
        elif isinstance(given, Say):
            out.append(_raw(given.at, post_of(given, posts[given.post].index(given))))
        elif isinstance(given, Again):
            for post in range(given.post, given.post + given.posts):
                versions = posts.get(post, [])[: given.nth + 1]
                out += [_raw(given.at, post_of(say, len(versions) - 1)) for say in versions[-1:]]
        elif isinstance(given, Delete):
            for post in range(given.post, given.post + given.posts):
                root = next((say.root for say in posts.get(post, ()) if say.root), 0)
                out.append(_raw(given.at, _post_deleted(given, post, root)))
        elif isinstance(given, DeleteAuthor):
            everywhere = _raw(given.at, _author_deleted(given))
            out += [everywhere._replace(partition=partition) for partition in range(PARTITIONS)]
        else:
            out.append(Raw(given.at, junk_key(given), _junk(given)))
    return sorted(out, key=lambda raw: raw.at)


def posts_of(inputs: Sequence[Input]) -> dict[int, list[Say]]:
    """Every post with its versions, oldest first."""
    posts: dict[int, list[Say]] = {}
    for given in inputs:
        for say in given.says() if isinstance(given, Crowd) else (given,) if isinstance(given, Say) else ():
            posts.setdefault(say.post, []).append(say)
    for versions in posts.values():
        versions.sort(key=lambda say: say.written)
    return posts


def token(post: int, number: int) -> str:
    """A word that occurs in one version of one post and nowhere else."""
    return f"zq{post}v{number}q"


def network_of(post: int) -> str:
    """The network of a post."""
    return UNVERSIONED if post % 4 == 0 else VERSIONED


def post_id(post: int) -> str:
    """The id of a post."""
    return f"{network_of(post)}:{post}"


def author_id(post: int, by: int) -> str:
    """The id of an author on the network of a post."""
    return f"{network_of(post)}:u{by}"


def post_of(say: Say, number: int) -> Post:
    """The `number`-th version of a post."""
    when, chance = _moment(say.written), Random(f"{say.post}/{number}")
    said = "was really bad" if say.bad else "was fine"
    names = " and ".join(demo_companies()[company].name for company in say.names)
    words = chance.sample(_WORDS, 5)
    with_what = f"with the {words[0]} and the {words[1]}, near a {' '.join(words[2:])} {token(say.post, number)}"
    text = f"The service of {names} {said}" if names else f"It {said} for me as well"
    kind = "reply" if say.answers else "post"
    return Post(
        post_id=post_id(say.post),
        network=network_of(say.post),
        kind=kind,  # type: ignore[arg-type]
        author=Author(author_id(say.post, say.by), f"user{say.by}"),
        text=f"{text}, {with_what}",
        created_at=when,
        parent_id=post_id(say.answers) if say.answers else None,
        root_id=post_id(say.root) if say.root else None,
        version=_version(say.post, say.written),
    )


def junk_key(junk: Junk) -> bytes:
    """The key of a record that is none."""
    return f"junk:{junk.number}".encode()


def _raw(at: float, message: RawMessage) -> Raw:
    return Raw(at, key_of(message), msgspec.json.encode(message))


def _post_deleted(given: Delete, post: int, root: int) -> PostDeleted:
    """As an agent publishes it that remembers the roots of answers."""
    return PostDeleted(
        post_id=post_id(post),
        network=network_of(post),
        deleted_at=_moment(given.written),
        version=_version(post, given.written),
        root_id=post_id(root) if root else None,
    )


def _author_deleted(given: DeleteAuthor) -> AuthorDeleted:
    version, when = _microseconds(given.written), _moment(given.written)
    return AuthorDeleted(author_id=f"{VERSIONED}:u{given.by}", network=VERSIONED, deleted_at=when, version=version)


def _junk(junk: Junk) -> bytes | None:
    mark = token(junk.number, 0).encode()
    return {
        "text": b"this is no post " + mark,
        "fields": b'{"type":"post","text":"' + mark + b'"}',
        "empty": None,
        "large": mark + b"x" * 1_000_100,
        "huge": mark + b"x" * 2_096_900,
    }[junk.kind]


def _version(post: int, written: float) -> int:
    return 1 if network_of(post) == UNVERSIONED else _microseconds(written)


def _microseconds(seconds: float) -> int:
    return round((EPOCH + seconds) * 1_000_000)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(EPOCH + seconds, 3), UTC)
