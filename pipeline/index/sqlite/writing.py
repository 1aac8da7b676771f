"""Writes to the embedded index: one transaction a batch; versions decide, deletions win."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from pipeline.contracts.account import author_key
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import EntityRef, Mention, MentionDeleted
from pipeline.contracts.posts import UNVERSIONED
from pipeline.contracts.values import milliseconds
from pipeline.index.documents import (
    Deletion,
    WriteBatch,
    author_gone,
    micro,
    name_gone,
    names_of,
    post_gone,
    taken_back,
)
from pipeline.index.language.words import searchable
from pipeline.index.protocol import DeadLetter, Written
from pipeline.index.sqlite.schema import among

_JSON = msgspec.json.Encoder()
_MENTION = msgspec.json.Decoder(Mention)
_NEW_MENTION = (
    "INSERT INTO mentions (number, mention_id, created, version, entity_id, entity_name, network, label, post_id,"
    " author_key, doc) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
_NUMBERED = "INSERT INTO numbering VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET last=excluded.last"
_TOMBSTONE = (
    "INSERT INTO tombstones (mention_id, post_id, author_key, entity_id, entity_name, version, at)"
    " VALUES (?,?,?,?,?,?,?) ON CONFLICT (mention_id) DO UPDATE SET version=excluded.version, at=excluded.at,"
    " author_key=coalesce(excluded.author_key, author_key) WHERE excluded.version >= version"
)
_GONE = (
    "INSERT INTO gone (key, version, at) VALUES (?,?,?)"
    " ON CONFLICT (key) DO UPDATE SET version=max(version, excluded.version), at=max(at, excluded.at)"
)
_INCIDENT = (
    "INSERT INTO incidents (incident_id, at, open, doc) VALUES (?,?,?,?) ON CONFLICT (incident_id)"
    " DO UPDATE SET at=excluded.at, open=excluded.open, doc=excluded.doc WHERE excluded.at >= at"
)
_HISTORY = "INSERT OR REPLACE INTO history (event_id, incident_id, at, doc) VALUES (?,?,?,?)"
_LETTER = (
    "INSERT INTO letters (letter_id, stage, code, first_seen, replayed, doc) VALUES (?,?,?,?,?,?)"
    " ON CONFLICT (letter_id) DO UPDATE SET stage=excluded.stage, code=excluded.code,"
    " first_seen=excluded.first_seen, replayed=excluded.replayed, doc=excluded.doc"
    " WHERE excluded.replayed >= replayed"
)


def write(db: sqlite3.Connection, batch: WriteBatch) -> Written:
    """Write a batch in one transaction; gives the mentions that its deletions, or earlier ones, took back."""
    db.execute("BEGIN IMMEDIATE")
    try:
        last = _last_number(db)  # before anything is erased
        db.executemany(_GONE, batch.gone.values())
        names: set[str] = set()
        answers = _delete_mentions(db, batch, names)
        db.executemany(_GONE, ((name_gone(name), UNVERSIONED, _last_deletion(batch)) for name in names))
        answers |= _write_mentions(db, batch, last)
        db.executemany(_INCIDENT, map(_incident_row, batch.incidents.values()))
        db.executemany(
            _HISTORY, ((key, e.incident_id, micro(e.at), _JSON.encode(e)) for key, e in batch.history.items())
        )
        db.executemany(_LETTER, map(_letter_row, batch.letters.values()))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return Written(taken_back=list(answers.values()), authors=sorted(names))


def expire(db: sqlite3.Connection, before: int) -> int:
    """Drop mentions created, deletions made and dead letters first seen before (milliseconds); gives the mentions."""
    dropped = 0
    while True:
        rows = db.execute("SELECT number, doc FROM mentions WHERE created < ? LIMIT 5000", (before,)).fetchall()
        if not rows:
            break
        db.execute("BEGIN IMMEDIATE")
        try:
            _erase(db, rows)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        dropped += len(rows)
    for statement in (
        "DELETE FROM tombstones WHERE at < ?",
        "DELETE FROM gone WHERE at < ?",
        "DELETE FROM letters WHERE first_seen < ?",
    ):
        db.execute(statement, (before,))
    return dropped


def _write_mentions(db: sqlite3.Connection, batch: WriteBatch, last: int) -> dict[str, MentionDeleted]:
    """Store the mentions that no deletion covers and that are not older than what is stored; `last` as of `_store`."""
    mentions = batch.mentions
    authors = {id_: author_key(m.network, m.author.id) for id_, m in mentions.items()}
    gone = _gone_of(db, mentions, authors)
    buried = {
        row[0]: row[1] for row in among(db, "SELECT mention_id, version FROM tombstones WHERE mention_id", mentions)
    }
    stored = {
        row[0]: row[1:]
        for row in among(db, "SELECT mention_id, number, version, doc FROM mentions WHERE mention_id", mentions)
    }
    answers: dict[str, MentionDeleted] = {}
    fresh: list[tuple[int | None, Mention, bytes]] = []
    stale: list[tuple[int, bytes]] = []
    for id_, mention in mentions.items():
        covering = _covering(mention, authors[id_], gone)
        if covering is not None:
            answers[id_] = covering.of(mention)
            _bury(db, answers[id_], authors[id_])
            continue
        if buried.get(id_, -1) >= mention.version:
            continue
        doc = _JSON.encode(mention)
        if id_ in stored:
            number, version, old = stored[id_]
            if version > mention.version or old == doc:
                continue
            stale.append((number, old))
        fresh.append((stored[id_][0] if id_ in stored else None, mention, doc))
        if id_ in buried:
            db.execute("DELETE FROM tombstones WHERE mention_id = ?", (id_,))
    _erase(db, stale)
    _store(db, fresh, authors, last)
    return answers


def _store(
    db: sqlite3.Connection, fresh: list[tuple[int | None, Mention, bytes]], authors: dict[str, str], last: int
) -> None:
    """Insert rows and their words under the same number: a mention keeps its number, and no other ever gets it."""
    rows, words = [], []
    for known, m, doc in fresh:
        if known is None:
            last += 1
        row = last if known is None else known
        rows.append(
            (row, m.mention_id, milliseconds(m.created_at), m.version, m.entity.id, m.entity.name, m.network,
             m.sentiment.label, m.post_id, authors[m.mention_id], doc)
        )  # fmt: skip
        words.append((row, searchable(m.text)))
    db.executemany(_NEW_MENTION, rows)
    db.executemany("INSERT INTO words (rowid, text) VALUES (?,?)", words)
    db.execute(_NUMBERED, (last,))


def _last_number(db: sqlite3.Connection) -> int:
    """The largest number that was ever given, also to a mention that is erased since."""
    given = "SELECT max(coalesce((SELECT last FROM numbering), 0), coalesce((SELECT max(number) FROM mentions), 0))"
    return int(db.execute(given).fetchone()[0])


def _last_deletion(batch: WriteBatch) -> int:
    return max(deletion.at for deletion in batch.gone.values())


def _delete_mentions(db: sqlite3.Connection, batch: WriteBatch, names: set[str]) -> dict[str, MentionDeleted]:
    """Take out what the batch's deletions cover; `names` receives how deleted accounts were shown.

    The answer also names mentions that had been buried before: after a crash between write and answer the deletion
    comes again, and whoever counts on the answer must get it.
    """
    answers: dict[str, MentionDeleted] = {}
    doomed: dict[int, bytes] = {}
    for kind, column in (("post:", "post_id"), ("author:", "author_key")):
        gone = {key.removeprefix(kind): deletion for key, deletion in batch.gone.items() if key.startswith(kind)}
        live = f"SELECT {column}, number, author_key, doc FROM mentions WHERE {column}"
        for key, number, author, doc in among(db, live, gone):
            mention = _MENTION.decode(doc)
            deletion = gone[key]
            if deletion.covers_post(mention) if kind == "post:" else deletion.covers_author(mention):
                answers[mention.mention_id] = deletion.of(mention)
                _bury(db, answers[mention.mention_id], author)
                doomed[number] = doc
                if kind == "author:":
                    names |= names_of(mention)
        dead = "SELECT mention_id, post_id, entity_id, entity_name, version, at, author_key FROM tombstones"
        for id_, post, entity, name, version, at, author in among(db, f"{dead} WHERE {column}", gone):
            deletion = Deletion("", version, at)
            answers.setdefault(id_, taken_back(id_, post, EntityRef(entity, name), version, deletion, author))
    versions = {id_: m.version for id_, m in batch.tombstones.items()}
    live = "SELECT mention_id, number, version, author_key, doc FROM mentions WHERE mention_id"
    owners: dict[str, str] = {}
    for id_, number, version, author, doc in among(db, live, versions):
        if version <= versions[id_]:
            owners[id_] = author
            doomed[number] = doc
    for id_, tombstone in batch.tombstones.items():
        _bury(db, tombstone, owners.get(id_))
    _erase(db, doomed.items())
    return answers


def _bury(db: sqlite3.Connection, mention: MentionDeleted, author: str | None) -> None:
    at = milliseconds(mention.deleted_at)
    entity = mention.entity
    db.execute(_TOMBSTONE, (mention.mention_id, mention.post_id, author, entity.id, entity.name, mention.version, at))


def _erase(db: sqlite3.Connection, rows: Iterable[tuple[int, bytes]]) -> None:
    """Remove rows and their words; the contentless full-text index needs the words again to take them out."""
    rows = list(rows)
    words = [(number, searchable(_MENTION.decode(doc).text)) for number, doc in rows]
    db.executemany("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", words)
    db.executemany("DELETE FROM mentions WHERE number = ?", [(number,) for number, _ in rows])


def _gone_of(db: sqlite3.Connection, mentions: dict[str, Mention], authors: dict[str, str]) -> dict[str, Deletion]:
    keys = {post_gone(m.post_id) for m in mentions.values()} | {author_gone(key) for key in authors.values()}
    return {row[0]: Deletion(*row) for row in among(db, "SELECT key, version, at FROM gone WHERE key", keys)}


def _covering(mention: Mention, author: str, gone: dict[str, Deletion]) -> Deletion | None:
    """The deletion that a mention falls under, or None."""
    post = gone.get(post_gone(mention.post_id))
    if post is not None and post.covers_post(mention):
        return post
    account = gone.get(author_gone(author))
    return account if account is not None and account.covers_author(mention) else None


def _incident_row(event: IncidentEvent) -> tuple[str, int, bool, bytes]:
    return event.incident_id, micro(event.at), event.event != "resolved", _JSON.encode(event)


def _letter_row(letter: DeadLetter) -> tuple[str, str, str, int, int, bytes]:
    replayed = 0 if letter.replayed_at is None else milliseconds(letter.replayed_at)
    first_seen = milliseconds(letter.first_seen)
    return letter.letter_id, letter.stage, letter.code, first_seen, replayed, _JSON.encode(letter)
