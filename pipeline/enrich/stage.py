"""The enrich stage: posts in, mentions out.

Linking comes first: a post about nobody we track is counted and let go, and costs no model time.  What is left goes
through the model in one batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from models.scorer import Scorer, Scores
from pipeline.decode import MAX_AHEAD, decode_raw
from pipeline.enrich import threads
from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.linker import Linker
from pipeline.enrich.text import clean, excerpt
from pipeline.errors import Malformed
from pipeline.messages import (
    AuthorDeleted,
    AuthorRole,
    EntityRef,
    Link,
    Mention,
    MentionDeleted,
    Post,
    PostDeleted,
    mention_id,
)
from pipeline.stage import Outgoing, Record, Rejected, Result
from pipeline.state import State
from pipeline.topics import MENTIONS_SCORED, POSTS_RAW, Topic

DAY = 86_400.0


class About(NamedTuple):
    """An entity that a post is about, why, and the span that says so (None when inherited)."""

    entity: EntityRef
    link: Link
    span: tuple[int, int] | None


class _Pending(NamedTuple):
    """A mention that waits for its scores: its place in the output, which text to score, the text's fingerprint."""

    place: int
    record: Record
    post: Post
    about: About
    role: AuthorRole
    text: int
    fingerprint: str | None


class Enrich:
    """Links, inherits, scores.

    Guarantees: the same records give the same mentions, whatever batch they come in and however often they are read;
    what cannot be understood is rejected with the reason; deletions always pass on, keyed by post or author id, so
    that the index can resolve them.  `counts` holds running totals: posts, linked, unlinked, mentions, inherited,
    deletions, rejected.
    """

    name = "enrich"
    sources: tuple[Topic, ...] = (POSTS_RAW,)
    stateful = True
    merges = True

    def __init__(
        self, linker: Linker, scorer: Scorer, *, thread_days: float = 7.0, ahead_seconds: float = MAX_AHEAD
    ) -> None:
        self.linker = linker
        self.scorer = scorer
        self.codec = threads.ThreadCodec()
        self.counts: Counter[str] = Counter()
        self._kept = thread_days * DAY
        self._ahead = ahead_seconds
        self._encode = msgspec.json.Encoder().encode

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        """See `pipeline.stage.Stage`."""
        result = Result(publish=[], rejected=[], effects=[])
        slots: list[list[Outgoing]] = []
        pending: list[_Pending] = []
        texts: dict[str, int] = {}
        for record in batch:
            try:
                message = decode_raw(record.value, record.timestamp, self._ahead)
            except Malformed as reason:
                self.counts["rejected"] += 1
                result.rejected.append(Rejected(record, reason))
                continue
            slots.append([])
            if isinstance(message, Post):
                slots[-1] += self._taken_back_by_edit(message, record, state)
                pending += self._link(message, record, state, len(slots) - 1, texts)
            else:
                slots[-1] += self._delete(message, record, state)
        if pending:
            scores = self.scorer.score(list(texts))
            for waiting in pending:
                slots[waiting.place].append(self._mention(waiting, scores[waiting.text]))
        result.publish = [outgoing for slot in slots for outgoing in slot]
        return result

    async def apply(self, effects: Sequence[Any]) -> Result:
        """This stage has no effects."""
        return Result(publish=[], rejected=[], effects=[])

    async def close(self) -> None:
        """Nothing to let go of; the scorer belongs to whoever made it."""

    def _link(self, post: Post, record: Record, state: State, place: int, texts: dict[str, int]) -> list[_Pending]:
        self.counts["posts"] += 1
        thread = state.get(_root(post), record)
        abouts, depth = self.about(post, thread, record.offset)
        if not abouts:
            self.counts["unlinked"] += 1
            if threads.before(thread, post.post_id, record.offset):
                self._note(post, record, state, thread, 0, [])
            return []
        self.counts["linked"] += 1
        self.counts["mentions"] += len(abouts)
        self.counts["inherited"] += sum(about.link.how == "inherited" for about in abouts)
        self._note(post, record, state, thread, depth, abouts)
        out = []
        copy_of = fingerprint(post.text)
        for about in abouts:
            read = clean(excerpt(post.text, [about.span] if about.span else []))
            text = texts.setdefault(read, len(texts))
            out.append(_Pending(place, record, post, about, self._role(post, about), text, copy_of))
        return out

    def about(self, post: Post, thread: threads.Thread | None, offset: int) -> tuple[list[About], int]:
        """Whom a post is about, and over how many steps that was inherited.

        What the post names, else what it inherits from the post that it answers; and, for a company's own account, in
        any case the company: its answers are part of the thread about it.
        """
        abouts, depth = self._named(post), 0
        if not abouts and (post.parent_id is not None or _root(post) != post.post_id):
            entities, depth = threads.inherit(thread, post.parent_id or _root(post), offset)
            abouts = [About(e.entity, Link("", "inherited", e.confidence), None) for e in entities]
        owner = self.linker.owner(post.author.handle, post.network)
        if owner is not None and all(about.entity.id != owner.id for about in abouts):
            surface = post.author.handle or ""
            abouts.append(About(EntityRef(owner.id, owner.name), Link(surface, "handle", 0.99), None))
        return abouts, depth

    def _named(self, post: Post) -> list[About]:
        return [
            About(one.entity, Link(one.surface, one.how, one.confidence), (one.start, one.end))
            for one in self.linker.link(post.text, post.network)
        ]

    def _role(self, post: Post, about: About) -> AuthorRole:
        """`own` when the author's account is the entity's, or its parent's or child's."""
        owner = self.linker.owner(post.author.handle, post.network)
        if owner is None:
            return "public"
        mentioned = self.linker.catalogue.entities.get(about.entity.id)
        family = {owner.id, owner.parent} if owner.parent else {owner.id}
        if about.entity.id in family or (mentioned is not None and mentioned.parent == owner.id):
            return "own"
        return "press" if owner.role == "press" else "public"

    def _note(
        self, post: Post, record: Record, state: State, thread: threads.Thread | None, depth: int, abouts: list[About]
    ) -> None:
        """Remember what a linked post is about, for those who answer it."""
        if thread is None:
            thread = threads.Thread(entities=[], posts={})
        links = [(about.entity, about.link.confidence) for about in abouts]
        until = max(thread.until, post.created_at.timestamp() + self._kept)
        if threads.remember(thread, post.post_id, record.offset, post.version, depth, links):
            thread.until = until
            state.put(_root(post), thread, record, expires=until)

    def _mention(self, waiting: _Pending, scores: Scores) -> Outgoing:
        post, about = waiting.post, waiting.about
        mention = Mention(
            mention_id=mention_id(post.post_id, about.entity.id),
            post_id=post.post_id,
            network=post.network,
            kind=post.kind,
            author=post.author,
            text=post.text,
            lang=post.lang,
            url=post.url,
            created_at=post.created_at,
            ingested_at=post.ingested_at or _heard(waiting.record, post.created_at),
            parent_id=post.parent_id,
            root_id=_root(post),
            version=post.version,
            rating=post.rating,
            entity=about.entity,
            link=about.link,
            sentiment=scores.sentiment,
            signals=scores.signals,
            emotion=scores.emotion,
            fingerprint=waiting.fingerprint,
            author_role=waiting.role,
            model=self.scorer.ref,
        )
        return self._out(about.entity.id, mention, waiting.record)

    def _taken_back_by_edit(self, post: Post, record: Record, state: State) -> list[Outgoing]:
        """Deletions of the mentions that an edit leaves without ground."""
        thread = state.get(_root(post), record)
        earlier = threads.before(thread, post.post_id, record.offset)
        if not earlier or threads.newest_version(thread, post.post_id, record.offset) >= post.version:
            return []
        still = {about.entity.id for about in self.about(post, thread, record.offset)[0]}
        gone = [entity for entity in earlier if entity.id not in still]
        return [self._taken_back(post.post_id, e, post.created_at, post.version, record) for e in gone]

    def _delete(self, message: PostDeleted | AuthorDeleted, record: Record, state: State) -> list[Outgoing]:
        """Pass a deletion on; for a post that this partition's threads know, also take back each mention.

        Deletions are keyed by post id, as networks do not tell the root: mostly the thread is known elsewhere, and the
        index resolves the deletion.
        """
        self.counts["deletions"] += 1
        if isinstance(message, AuthorDeleted):
            return [self._out(message.author_id, message, record)]
        known = threads.before(state.get(message.post_id, record), message.post_id, record.offset)
        out = [self._taken_back(message.post_id, e, message.deleted_at, message.version, record) for e in known]
        return [*out, self._out(message.post_id, message, record)]

    def _taken_back(self, post_id: str, entity: EntityRef, when: datetime, version: int, record: Record) -> Outgoing:
        deleted = MentionDeleted(
            mention_id=mention_id(post_id, entity.id), post_id=post_id, entity=entity, deleted_at=when, version=version
        )
        return self._out(entity.id, deleted, record)

    def _out(self, key: str, message: Any, record: Record) -> Outgoing:
        return Outgoing(MENTIONS_SCORED.name, key.encode(), self._encode(message), record.arrived or record.timestamp)


def _root(post: Post) -> str:
    return post.root_id or post.post_id


def _heard(record: Record, created_at: datetime) -> datetime:
    """When a post was heard, where it does not say: the record's arrival, else its time, else when it was written."""
    seconds = record.arrived or record.timestamp
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0.0 else created_at
