"""Erases deleted posts and accounts from incidents and dead letters, beside the mentions.

An incident event quotes posts and names accounts, a dead letter holds the original bytes.  Both are cleaned when the
deletion comes, and again when something that quotes what is deleted comes later, such as by a replay.  The newest event
of an incident that is cleaned is published again, so that compaction removes the one before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import msgspec

from pipeline.contracts.account import author_key
from pipeline.contracts.incidents import IncidentEvent, PostRef
from pipeline.contracts.posts import AuthorDeleted, PostDeleted
from pipeline.index.documents import author_gone, name_gone, post_gone
from pipeline.index.protocol import DeadLetter, Document, Index, Written

DELETED = "(deleted)"
"""What is shown in the place of a deleted account's name."""

_LETTERS = 10_000
_POST = re.compile(rb'"post_id"\s*:\s*"((?:[^"\\]|\\.)*)"')
_AUTHOR = re.compile(rb'"author"\s*:\s*\{[^{}]*?"id"\s*:\s*"((?:[^"\\]|\\.)*)"')
_NETWORK = re.compile(rb'"network"\s*:\s*"((?:[^"\\]|\\.)*)"')


def quoted(event: IncidentEvent) -> set[str]:
    """Keys of all that an event quotes: posts, and names of accounts."""
    found = event.explanation
    posts = _posts(event)
    names = {post.author for post in posts} | {driver.author for driver in found.drivers}
    names |= {regular.author for regular in found.regulars}
    return {post_gone(post.post_id) for post in posts} | {name_gone(name) for name in names}


def redacted(event: IncidentEvent, gone: Collection[str]) -> IncidentEvent:
    """The event without what is deleted; the same object where it quotes nothing of it."""
    if not quoted(event) & set(gone):
        return event

    def alive(post: PostRef | None) -> bool:
        return post is not None and post_gone(post.post_id) not in gone and name_gone(post.author) not in gone

    def name(author: str) -> str:
        return DELETED if name_gone(author) in gone else author

    found, change = event.explanation, msgspec.structs.replace
    return change(
        event,
        explanation=change(
            found,
            first_post=found.first_post if alive(found.first_post) else None,
            top_posts=tuple(post for post in found.top_posts if alive(post)),
            drivers=tuple(change(driver, author=name(driver.author)) for driver in found.drivers),
            regulars=tuple(change(regular, author=name(regular.author)) for regular in found.regulars),
            narratives=tuple(
                story if alive(story.example) else change(story, example=None) for story in found.narratives
            ),
        ),
    )


def subjects(letter: DeadLetter) -> set[str]:
    """Keys of the posts and accounts whose content a dead letter holds, as far as its bytes can be read."""
    value = letter.value or b""
    keys = {post_gone(_text(id_)) for id_ in _POST.findall(value)}
    networks = {_text(name) for name in _NETWORK.findall(value)}
    authors = [_text(id_) for id_ in _AUTHOR.findall(value)]
    return keys | {author_gone(author_key(network, id_)) for network in networks for id_ in authors}


def emptied(letter: DeadLetter) -> DeadLetter:
    """What stays of a dead letter: that there was one, of which stage, and its code."""
    return msgspec.structs.replace(letter, key=None, value=None, reason="its post or its account is deleted")


def deleted_keys(documents: Iterable[Document]) -> set[str]:
    """Keys of the posts and accounts that these documents delete."""
    keys = set()
    for document in documents:
        if isinstance(document, PostDeleted):
            keys.add(post_gone(document.post_id))
        elif isinstance(document, AuthorDeleted):
            keys.add(author_gone(author_key(document.network, document.author_id)))
            keys.add(name_gone(document.author_id))
    return keys


class Erasure:
    """Cleans what an index holds beside the mentions."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._letters: dict[str, DeadLetter] = {}
        self._letter_count = -1

    async def cleaned(self, documents: Sequence[Document]) -> list[Document]:
        """The documents to write, without what is remembered as deleted; those that quote nothing of it as they are."""
        events = [(document, quoted(document)) for document in documents if isinstance(document, IncidentEvent)]
        letters = [(document, subjects(document)) for document in documents if isinstance(document, DeadLetter)]
        keys = {key for _, quoted_ in (*events, *letters) for key in quoted_}
        gone = await self._index.remembered(sorted(keys)) if keys else set()
        if not gone:
            return list(documents)
        out: list[Document] = []
        for document in documents:
            if isinstance(document, IncidentEvent):
                out.append(redacted(document, gone))
            elif isinstance(document, DeadLetter) and subjects(document) & gone:
                out.append(emptied(document))
            else:
                out.append(document)
        return out

    async def changed(self, documents: Sequence[Document], written: Written) -> list[IncidentEvent]:
        """The events in the index that quote what these deletions took back, without it."""
        events, gone = await self._concerned(documents, written)
        return [clean for event in events if (clean := redacted(event, gone)) is not event]

    async def newest_changed(self, documents: Sequence[Document], written: Written) -> list[IncidentEvent]:
        """The newest event of every incident of which any event quotes what these deletions took back, without it."""
        events, gone = await self._concerned(documents, written)
        incidents = {event.incident_id for event in events if quoted(event) & gone}
        return [redacted(event, gone) for event in _newest(events) if event.incident_id in incidents]

    async def newest(self, incident_ids: Collection[str]) -> list[IncidentEvent]:
        """The newest event of each of these incidents in the index, without what is remembered as deleted."""
        if not incident_ids:
            return []
        found = await self._index.newest_events(sorted(incident_ids))
        gone = await self._index.remembered(sorted({key for event in found for key in quoted(event)}))
        return [redacted(event, gone) for event in found]

    async def clean_history(self, event: IncidentEvent) -> None:
        """Clean every event of an incident in the index of what is remembered as deleted."""
        events = [e for e in await self._index.events_of([event.entity.id]) if e.incident_id == event.incident_id]
        gone = await self._index.remembered(sorted({key for e in events for key in quoted(e)}))
        changed: list[Document] = [clean for e in events if (clean := redacted(e, gone)) is not e]
        if changed:
            await self._index.write(changed)

    async def _concerned(self, documents: Sequence[Document], written: Written) -> tuple[list[IncidentEvent], set[str]]:
        """Events of the incidents that these deletions may concern, and keys of all that is deleted of what they quote.

        A deletion that is repeated finds no mention any more, and no names: those are remembered.
        """
        gone = deleted_keys(documents)
        if not gone or not written.taken_back:
            return [], set()
        gone |= {post_gone(mention.post_id) for mention in written.taken_back}
        gone |= {name_gone(name) for name in written.authors}
        events = await self._index.events_of(sorted({mention.entity.id for mention in written.taken_back}))
        gone |= await self._index.remembered(sorted({key for event in events for key in quoted(event)}))
        return events, gone

    async def clean_letters(self, documents: Sequence[Document]) -> int:
        """Empty the dead letters of what these documents delete; gives their number."""
        keys = deleted_keys(documents)
        if not keys:
            return 0
        count = sum((await self._index.dead_letter_counts()).values())
        if count != self._letter_count:
            self._letters = {letter.letter_id: letter for letter in await self._index.dead_letters(limit=_LETTERS)}
            self._letter_count = count
        found = [emptied(letter) for letter in self._letters.values() if letter.value and subjects(letter) & keys]
        if found:
            await self._index.write(found)
            self._letters |= {letter.letter_id: letter for letter in found}
        return len(found)


def _newest(events: Iterable[IncidentEvent]) -> list[IncidentEvent]:
    """The newest event of each incident."""
    found: dict[str, IncidentEvent] = {}
    for event in events:
        known = found.get(event.incident_id)
        if known is None or event.at >= known.at:
            found[event.incident_id] = event
    return list(found.values())


def _posts(event: IncidentEvent) -> list[PostRef]:
    found = event.explanation
    posts = [found.first_post, *found.top_posts, *(story.example for story in found.narratives)]
    return [post for post in posts if post is not None]


def _text(data: bytes) -> str:
    """A JSON string's own text; where it is none, as it is."""
    try:
        return msgspec.json.decode(b'"' + data + b'"', type=str)
    except msgspec.MsgspecError:
        return data.decode("utf-8", "replace")
