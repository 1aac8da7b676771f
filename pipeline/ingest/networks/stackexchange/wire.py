"""What Stack Exchange sends (API 2.3), the frames made of it, and the messages they say."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import msgspec

from pipeline.contracts.decode import decode
from pipeline.contracts.posts import UNVERSIONED, Author, Post, PostDeleted
from pipeline.contracts.values import MAX_TEXT, PostKind
from pipeline.errors import Malformed
from pipeline.ingest.agent import DecodedFrame
from pipeline.text.markup import plain_text

NETWORK = "stackexchange"
MAX_AHEAD = 3600.0
"""Seconds that something may be dated after our clock."""

FILTER = (
    "question.body;question.comments;question.answers;question.comment_count;question.last_edit_date;"
    "answer.body;answer.comments;answer.comment_count;answer.last_edit_date;answer.question_id;"
    "comment.body;comment.body_markdown;comment.edited;comment.post_id"
)
"""Fields beside those that the API gives anyway: a question with all that hangs on it in one answer."""

What = Literal["question", "answer", "comment", "gone"]


class Owner(msgspec.Struct, frozen=True):
    """Who wrote something; an account that is gone has a name only."""

    user_id: int | None = None
    display_name: str = ""


class CommentItem(msgspec.Struct):
    """A comment on a question or an answer."""

    comment_id: int
    post_id: int
    creation_date: int
    body: str = ""
    owner: Owner = Owner()
    link: str = ""


class AnswerItem(msgspec.Struct):
    """An answer, with the comments on it."""

    answer_id: int
    question_id: int
    creation_date: int
    last_edit_date: int | None = None
    body: str = ""
    owner: Owner = Owner()
    link: str = ""
    comment_count: int = 0
    comments: list[msgspec.Raw] = []


class QuestionItem(msgspec.Struct):
    """A question, with its answers and the comments on it."""

    question_id: int
    creation_date: int
    last_activity_date: int
    last_edit_date: int | None = None
    title: str = ""
    body: str = ""
    owner: Owner = Owner()
    link: str = ""
    answer_count: int = 0
    answers: list[msgspec.Raw] = []
    comment_count: int = 0
    comments: list[msgspec.Raw] = []


class Wrapper(msgspec.Struct):
    """What every answer of the API is wrapped in."""

    items: list[msgspec.Raw] = []
    has_more: bool = False
    quota_remaining: int | None = None
    backoff: float = 0.0
    """Seconds for which the same is not to be asked again."""


class Frame(msgspec.Struct):
    """One question, answer or comment without what hangs on it, or the news that one is gone."""

    site: str
    what: What
    item: msgspec.Raw
    question: int
    """At the top of the thread."""
    changed: int = 0
    """When it was edited or seen to be gone, seconds since 1970; 0 the first time."""


class Gone(msgspec.Struct):
    """In place of an item that is not given any more."""

    id: str


Item = QuestionItem | AnswerItem | CommentItem

WRAPPER = msgspec.json.Decoder(Wrapper)
QUESTION = msgspec.json.Decoder(QuestionItem)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "question": QUESTION,
    "answer": msgspec.json.Decoder(AnswerItem),
    "comment": msgspec.json.Decoder(CommentItem),
}
_FRAME = msgspec.json.Decoder(Frame)
_GONE = msgspec.json.Decoder(Gone)
_encode = msgspec.json.Encoder().encode

T = TypeVar("T", AnswerItem, CommentItem)


def item_id(item: Item) -> str:
    """Within a site; questions and answers have numbers in common, comments their own.

    >>> item_id(CommentItem(comment_id=7, post_id=1, creation_date=0))
    'c7'
    """
    if isinstance(item, CommentItem):
        return f"c{item.comment_id}"
    return str(item.question_id if isinstance(item, QuestionItem) else item.answer_id)


def edited(item: Item) -> int:
    """When it was last edited, seconds since 1970; 0 for never, or where that is not said."""
    return 0 if isinstance(item, CommentItem) else item.last_edit_date or 0


def content(item: Item) -> str:
    """What an edit changes; votes and answers are no part of it."""
    return f"{item.title}\x00{item.body}" if isinstance(item, QuestionItem) else item.body


def unfold(raw: bytes) -> tuple[QuestionItem, list[Item], list[bytes], bool]:
    """A question, all that it holds (itself first), what of it makes no sense, and whether all there is was given.

    Raises `Malformed` where the question itself makes no sense.
    """
    question = decode(raw, QUESTION, limit=len(raw))
    wrong: list[bytes] = []
    answers = list(_sound(question.answers, "answer", AnswerItem, wrong))
    out: list[Item] = [question, *_sound(question.comments, "comment", CommentItem, wrong)]
    complete = not wrong and len(answers) >= question.answer_count and len(question.comments) >= question.comment_count
    for answer in answers:
        comments = list(_sound(answer.comments, "comment", CommentItem, wrong))
        complete = complete and len(comments) >= answer.comment_count
        out += [answer, *comments]
    return question, out, wrong, complete


def _sound(raws: list[msgspec.Raw], what: What, kind: type[T], wrong: list[bytes]) -> Iterator[T]:
    for raw in raws:
        try:
            item = decode(bytes(raw), _DECODERS[what], limit=len(bytes(raw)))
        except Malformed:
            wrong.append(bytes(raw))
            continue
        assert isinstance(item, kind)
        yield item


def frame_of(site: str, item: Item, question: int, changed: int) -> bytes:
    """The frame of one item."""
    what: What = (
        "question" if isinstance(item, QuestionItem) else "answer" if isinstance(item, AnswerItem) else "comment"
    )
    alone = msgspec.structs.replace(item, comments=[]) if not isinstance(item, CommentItem) else item
    if isinstance(alone, QuestionItem):
        alone = msgspec.structs.replace(alone, answers=[])
    return _encode(Frame(site, what, msgspec.Raw(_encode(alone)), question, changed))


def frame_gone(site: str, known: str, question: int, now: int) -> bytes:
    """The frame that says that something is gone."""
    return _encode(Frame(site, "gone", msgspec.Raw(_encode(Gone(known))), question, now))


def read(frame: bytes) -> DecodedFrame:
    """The message of a frame.  Raises `Malformed`."""
    framed = decode(frame, _FRAME)
    prefix = f"{NETWORK}:{framed.site}/"
    if framed.what == "gone":
        gone = decode(bytes(framed.item), _GONE)
        at = _moment(framed.changed)
        deleted = PostDeleted(
            post_id=prefix + gone.id, network=NETWORK, deleted_at=at, version=framed.changed * 1_000_000,
            root_id=f"{prefix}{framed.question}",
        )  # fmt: skip
        return DecodedFrame((deleted,), f"{prefix}{gone.id} gone {framed.changed}")
    item: Item = decode(bytes(framed.item), _DECODERS[framed.what])
    post = _post(item, framed, prefix)
    return DecodedFrame((post,), f"{post.post_id} {framed.changed} {content(item)}")


def _post(item: Item, framed: Frame, prefix: str) -> Post:
    parent, kind = _above(item)
    title = f"{html.unescape(item.title)}\n" if isinstance(item, QuestionItem) else ""
    owner = item.owner
    name = html.unescape(owner.display_name)[:200]
    who = f"{prefix}{owner.user_id}" if owner.user_id is not None else f"{prefix}@{name}"
    return Post(
        post_id=prefix + item_id(item),
        network=NETWORK,
        kind=kind,
        author=Author(id=who, handle=name or None, name=name or None),
        text=(title + plain_text(item.body))[:MAX_TEXT],
        url=item.link if item.link.startswith("https://") and len(item.link) <= 2048 else None,
        created_at=_moment(item.creation_date),
        parent_id=None if parent is None else f"{prefix}{parent}",
        root_id=None if parent is None else f"{prefix}{framed.question}",
        version=framed.changed * 1_000_000 if framed.changed else UNVERSIONED,
    )


def _above(item: Item) -> tuple[int | None, PostKind]:
    """What an item hangs on, and what kind of post it is."""
    if isinstance(item, QuestionItem):
        return None, "post"
    return (item.post_id, "comment") if isinstance(item, CommentItem) else (item.question_id, "reply")


def _moment(seconds: int) -> datetime:
    if not 0 < seconds <= time.time() + MAX_AHEAD:
        raise Malformed("bad_time", f"dated {seconds} seconds after 1970")
    return datetime.fromtimestamp(seconds, UTC)
