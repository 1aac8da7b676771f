"""Enrich stage: posts in, mentions out.

Linking comes first: a post about nobody we track is counted and dropped, and costs no model time.  What is left goes
through the model in one batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from models.scorer import Scorer
from pipeline.contracts.decode import MAX_AHEAD, decode_raw
from pipeline.contracts.headers import COPY
from pipeline.contracts.mentions import EntityRef
from pipeline.contracts.origin import origin
from pipeline.contracts.posts import UNVERSIONED, AuthorDeleted, Post, PostDeleted
from pipeline.contracts.sketch import sketch_of
from pipeline.contracts.topics import MENTIONS_SCORED, POSTS_RAW, Topic
from pipeline.enrich.accounts import Accounts
from pipeline.enrich.catalogue.watch_list import WatchList
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.mentions import Pending, facts_of, mention_of, model_inputs, retraction
from pipeline.enrich.targets import AnswerSlot, Questions, places
from pipeline.enrich.threads import memory, orphans, threads
from pipeline.enrich.threads.codec import StateCodec
from pipeline.enrich.threads.deletions import KnownDeletions
from pipeline.enrich.threads.subjects import About, Subjects, joined, names, parent_of, root_of, speaker, subjects
from pipeline.enrich.threads.waiting import GONE, WaitingQueue, WaitingReply
from pipeline.errors import Malformed
from pipeline.stages.records import Outgoing, Record, Rejected, Result
from pipeline.stages.state import State

DAY = 86_400.0


class _Work:
    """What a batch has led to so far: by record its messages; what to ask the model; the mentions that wait for its
    answers, each with its record, the place of that and of the answer."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.slots: list[list[Outgoing]] = []
        self.pending: list[tuple[int, AnswerSlot, Record, Pending]] = []
        self.questions = Questions()


class Enrich:
    """Links, inherits, scores.

    Guarantees: the same records give the same mentions in the same order, with the same origins, whatever batch they
    come in and however often they are read; what cannot be understood is rejected with the reason; deletions always
    pass on, keyed by post or author id, so that the index can resolve them.  `counts` holds running totals: posts,
    linked, unlinked, outdated (versions that came after a newer one), mentions, inherited, beyond_reach (not inherited
    since too many have), waiting (replies to posts not known), reissued (mentions of those whose parent came late),
    deletions, rejected.
    """

    name = "enrich"
    sources: tuple[Topic, ...] = (POSTS_RAW,)
    stateful = True
    merges = True

    def __init__(
        self,
        linker: Linker,
        scorer: Scorer,
        *,
        thread_days: float = 7.0,
        ahead_seconds: float = MAX_AHEAD,
        renewed: Callable[[], Linker | None] | None = None,
        watched: Callable[[], WatchList | None] = lambda: None,
        observe: Callable[[str, int], None] = lambda bound, replies: None,
    ) -> None:
        """Before each batch `renewed` is asked for a linker to go on with and `watched` for the list of followed
        companies, None for all; `observe` is told of replies that no longer wait for want of room, by the bound that
        was reached: of the thread, the author or the partition."""
        self._watched = watched
        self._watch_list = watched()
        self._accounts = _accounts(linker, self._watch_list)
        self.scorer = scorer
        self.codec = StateCodec()
        self.counts: Counter[str] = Counter()
        self._retention = thread_days * DAY
        self._ahead = ahead_seconds
        self._renewed = renewed
        self._observe = observe
        self._encode = msgspec.json.Encoder().encode
        self._post = msgspec.json.Decoder(Post).decode

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        """See `pipeline.stages.stage.Stage`."""
        self._renew()
        result = Result(publish=[], rejected=[], effects=[])
        work = _Work()
        for record in batch:
            try:
                message = decode_raw(record.value, record.timestamp, self._ahead)
            except Malformed as reason:
                self.counts["rejected"] += 1
                result.rejected.append(Rejected(record, reason))
                continue
            work.records.append(record)
            work.slots.append([])
            if isinstance(message, Post):
                self._handle_post(message, record, state, work)
            else:
                work.slots[-1] += self._delete(message, record, state)
        if work.pending:
            scores = self.scorer.score(work.questions.readings())
            sketches = [sketch_of(score.sketch) for score in scores]
            for slot, (reading, target), record, pending in work.pending:
                mention = mention_of(pending, scores[reading], target, sketches[reading], self.scorer.ref)
                work.slots[slot].append(self._out(mention.entity.id, mention, record))
        for record, messages in zip(work.records, work.slots, strict=True):
            # Numbered when complete: those that the model had no part in come first, whatever the batch.
            result.publish += [
                outgoing._replace(origin=origin(record, number)) for number, outgoing in enumerate(messages)
            ]
        return result

    def _renew(self) -> None:
        """Go on with the catalogue and the list of followed companies that are in force now."""
        linker = self._renewed() if self._renewed is not None else None
        watch_list = self._watched()
        if linker is not None or watch_list != self._watch_list:
            self._watch_list = watch_list
            self._accounts = _accounts(linker or self._accounts.linker, watch_list)

    async def apply(self, effects: Sequence[Any]) -> Result:
        """This stage has no effects."""
        return Result(publish=[], rejected=[], effects=[])

    async def close(self) -> None:
        """Nothing to release; the scorer belongs to whoever made it."""

    def _handle_post(self, post: Post, record: Record, state: State, work: _Work) -> None:
        """A post: its mentions, those that an edit takes back, and those of the replies that came before it.

        Nothing comes of a version of which a newer one is known: it may be about companies that that one left.
        """
        self.counts["posts"] += 1
        thread: threads.Thread | None = state.get(root_of(post), record)
        earlier = threads.newest(thread, post.post_id, record.offset)
        if thread is not None and orphans.outdated(thread, earlier, post, record.offset):
            self.counts["outdated"] += 1
            self._put(post, record, state, thread, 0.0)
            return
        found = subjects(self._accounts, post, thread, record.offset)
        issued = threads.issue(earlier, post.version)
        known = _known_since(record, post)
        if earlier is not None and earlier.version < post.version:
            work.slots[-1] += self._gone(post.post_id, thread, found, record, post.created_at, issued)
        self.counts["linked" if found.abouts else "unlinked"] += 1
        self.counts["beyond_reach"] += found.beyond_reach
        self._add(work, record, post, found.abouts, issued, known, found.depth)
        parent = parent_of(post)
        waits = parent is not None and orphans.waits(thread, threads.post_hash(parent), record.offset)
        if thread is not None and orphans.erase(
            thread, record.offset, threads.post_hash(post.post_id), post.version - 1
        ):
            self._put(post, record, state, thread, 0.0)
        if found.abouts or earlier is not None or (not waits and threads.begun(thread, record.offset)):
            thread = thread or threads.Thread(entities=[], posts={}, waiting=[])
            revision = self._note(post, record, state, thread, found, issued)
            if thread.waiting:
                self._catch_up(post, revision, record, state, thread, work)
        if parent is not None and waits and not KnownDeletions(state, record).cover(post, known):
            self._wait(post, threads.post_hash(parent), found.named, record, state, thread)

    def _gone(
        self, post_id: str, thread: threads.Thread | None, found: Subjects, record: Record, when: datetime, version: int
    ) -> list[Outgoing]:
        """Deletions of the mentions that an edit leaves without ground."""
        still = {about.entity.id for about in found.abouts}
        gone = [e for e in threads.before(thread, post_id, record.offset) if e.id not in still]
        return [self._taken_back(post_id, e, when, version, record) for e in gone]

    def _note(
        self, post: Post, record: Record, state: State, thread: threads.Thread, found: Subjects, issued: int
    ) -> threads.Revision:
        """Remember what a post is about, also that it is about nobody, for those who answer it."""
        links = [(about.entity, about.link.confidence) for about in found.abouts]
        revision = memory.revise(
            thread, record.offset, post.version, found.depth, links, issued, speaker(self._accounts, post)
        )
        parent = parent_of(post)
        above = None if parent is None else threads.post_hash(parent)
        if memory.remember(thread, threads.post_hash(post.post_id), revision, above):
            self._put(post, record, state, thread, post.created_at.timestamp() + self._retention)
        return revision

    def _wait(
        self, post: Post, parent: int, named: bool, record: Record, state: State, thread: threads.Thread | None
    ) -> None:
        """Let a post wait for what it answers."""
        if record.value is None:
            return
        thread = thread or threads.Thread(entities=[], posts={}, waiting=[])
        key, arrival = threads.post_hash(post.post_id), _arrival(record, post)
        waiting = threads.Orphan(record.offset, post.version, key, parent, arrival, record.value, named)
        if orphans.replaced(thread, waiting):
            return
        if orphans.enqueue(thread, waiting):
            self.counts["waiting"] += 1
            self._put(post, record, state, thread, arrival + orphans.WAIT + orphans.SLACK)
        elif not any(w.offset == record.offset for w in thread.waiting):
            self._observe("thread", 1)
            return
        author = threads.post_hash(post.author.id)
        entry = WaitingReply(root_of(post), record.offset, key, author, len(record.value), arrival)
        for removed, why in WaitingQueue(state, record).add(entry):
            self._release(removed, record, state)
            if why != "late":
                self._observe(why, 1)

    def _release(self, entry: WaitingReply, record: Record, state: State) -> None:
        """Take a reply that waits no longer out of its thread."""
        thread = state.get(entry.root, record)
        if thread is not None and orphans.drop(thread, entry.offset):
            self._put_back(entry.root, thread, record, state)

    def _put_back(self, root: str, thread: threads.Thread, record: Record, state: State) -> None:
        """Store a thread from which something is gone; not for longer where nothing is left."""
        state.put(root, thread, record, expires=thread.until if thread.posts or thread.waiting else GONE)

    def _catch_up(
        self, post: Post, revision: threads.Revision, record: Record, state: State, thread: threads.Thread, work: _Work
    ) -> None:
        """Publish again the replies that came before `post` and are about something else now that it is known."""
        root, key = threads.post_hash(root_of(post)), threads.post_hash(post.post_id)
        known = _known_since(record, post)
        concerned = orphans.concerned(thread, key, record.offset, _arrival(record, post))
        now = orphans.republished(thread, record.offset, concerned) | {key: revision}
        for waiting in concerned:
            turned = orphans.changed(thread, waiting, root, record.offset, now)
            if turned is None:
                continue
            reply = self._post(waiting.post)
            own = names(self._accounts, reply) if waiting.named else []
            was, abouts = (joined(self._accounts, reply, own, taken) for taken in turned)
            by = speaker(self._accounts, reply)
            published = threads.seen(thread, waiting.key, record.offset)
            below = waiting.version if published is None else published.published
            version = below + 1  # above what an earlier turn took back: a company may return
            links = [(about.entity, about.link.confidence) for about in abouts]
            now[waiting.key] = memory.revise(
                thread, record.offset, waiting.version, turned[1].depth, links, version, by
            )
            still = {about.entity.id for about in abouts}
            gone = [about.entity for about in was if about.entity.id not in still]
            when = reply.created_at
            work.slots[-1] += [self._taken_back(reply.post_id, e, when, below, record) for e in gone]
            self.counts["reissued"] += len(abouts)
            again = max(known, reply.ingested_at or known)
            self._add(work, record, reply, abouts, version, again, turned[1].depth)
        del now[key]
        noted = [memory.remember(thread, reply_key, again) for reply_key, again in now.items()]
        if any(noted):
            self._put(post, record, state, thread, post.created_at.timestamp() + self._retention)

    def _put(self, post: Post, record: Record, state: State, thread: threads.Thread, until: float) -> None:
        root = root_of(post)
        memory.make_room(thread, (root, post.post_id))
        thread.until = max(thread.until, until)
        state.put(root, thread, record, expires=thread.until)

    def _add(
        self, work: _Work, record: Record, post: Post, abouts: list[About], version: int, known: datetime, depth: int
    ) -> None:
        """Put the mentions of a post in line for the model."""
        if not abouts:
            return
        self.counts["mentions"] += len(abouts)
        self.counts["inherited"] += sum(about.link.how == "inherited" for about in abouts)
        facts, slot = facts_of(post, abouts), len(work.slots) - 1
        for about, text in zip(abouts, model_inputs(post.text, abouts), strict=True):
            answer = work.questions.ask(text, places(text, about.link.surface) if about.span else ())
            role = self._accounts.role(post.author, post.network, about.entity.id)
            known_as = self._accounts.linker.catalogue.entities.get(about.entity.id)
            category = known_as.industry[0] if known_as is not None and known_as.industry else None
            pending = Pending(post, about, role, facts, version, known, depth, category)
            work.pending.append((slot, answer, record, pending))

    def _delete(self, message: PostDeleted | AuthorDeleted, record: Record, state: State) -> list[Outgoing]:
        """Pass a deletion on, and erase what waits; for a post that this partition's threads know, also take back each
        mention.

        Where the agent no longer remembers the root, a deletion is keyed by the post's id: then the thread may lie on
        another partition, and the index resolves the deletion.  Each late parent may have put the post's mentions one
        version higher: a deletion is put as high as they are known to be, one of a network without versions as high as
        they can be.
        """
        self.counts["deletions"] += 1
        if isinstance(message, PostDeleted) and message.version <= UNVERSIONED:
            message.version += threads.MAX_REVISIONS
        KnownDeletions(state, record).remember(message)
        if isinstance(message, AuthorDeleted):
            for entry in WaitingQueue(state, record).erase(threads.post_hash(message.author_id)):
                self._release(entry, record, state)
            copy = any(name == COPY for name, _ in record.headers)
            return [] if copy else [self._out(message.author_id, message, record)]
        root, key = message.root_id or message.post_id, threads.post_hash(message.post_id)
        thread: threads.Thread | None = state.get(root, record)
        if thread is not None and orphans.erase(thread, record.offset, key, message.version):
            self._put_back(root, thread, record, state)
        message.version = threads.covering(thread, key, record.offset, message.version)
        known = threads.before(thread, message.post_id, record.offset)
        out = [self._taken_back(message.post_id, e, message.deleted_at, message.version, record) for e in known]
        return [*out, self._out(message.post_id, message, record)]

    def _taken_back(self, post_id: str, entity: EntityRef, when: datetime, version: int, record: Record) -> Outgoing:
        return self._out(entity.id, retraction(post_id, entity, when, version), record)

    def _out(self, key: str, message: Any, record: Record) -> Outgoing:
        return Outgoing(MENTIONS_SCORED.name, key.encode(), self._encode(message), record.arrived or record.timestamp)


def _accounts(linker: Linker, watch_list: WatchList | None) -> Accounts:
    return Accounts(linker, None if watch_list is None else watch_list.followed(linker.catalogue))


def _known_since(record: Record, post: Post) -> datetime:
    """Since when a post is known: what it says, else the record's arrival, else its time, else when it was written."""
    if post.ingested_at is not None:
        return post.ingested_at
    seconds = record.arrived or record.timestamp
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0.0 else post.created_at


def _arrival(record: Record, post: Post) -> float:
    """The pipeline's event time, in seconds: when the record arrived, where nothing says so when it was written."""
    return record.arrived or record.timestamp or post.created_at.timestamp()
