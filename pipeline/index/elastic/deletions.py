"""Deletions in Elasticsearch: remembered first, then carried out.

A mention is written first and then checked against the remembered deletions (by id, which is real-time); a deletion is
remembered first and then searched for mentions (after a refresh).  Whichever comes first, one of the two sees the
other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import msgspec
from elasticsearch import AsyncElasticsearch

from pipeline.contracts.account import author_key
from pipeline.contracts.mentions import Mention, MentionDeleted
from pipeline.contracts.posts import UNVERSIONED
from pipeline.contracts.values import milliseconds
from pipeline.index.documents import (
    Deletion,
    WriteBatch,
    author_gone,
    name_gone,
    names_of,
    post_gone,
    short,
)
from pipeline.index.elastic.bulk import Action, Bulk
from pipeline.index.elastic.client import explained
from pipeline.index.elastic.documents import mention_gone, mention_of, tombstone_action
from pipeline.index.elastic.templates import Names

_JSON = msgspec.json.Encoder()
_TERMS = 500
_PAGE = 500


class Deletions:
    """Carries out deletions; see the module."""

    def __init__(self, client: AsyncElasticsearch, url: str, names: Names, bulk: Bulk) -> None:
        self._client = client
        self._url = url
        self._names = names
        self._bulk = bulk

    async def bury_late(self, written: Mapping[str, tuple[Action, Mention]]) -> dict[str, MentionDeleted]:
        """Bury those of the mentions just written that were deleted before; gives the tombstones to publish.

        A mention taken back by itself needs none: whoever reads mentions has read that as well.
        """
        keys: dict[str, tuple[str, str, str]] = {}
        for id_, (_, mention) in written.items():
            author = author_gone(author_key(mention.network, mention.author.id))
            keys[id_] = (post_gone(mention.post_id), author, mention_gone(id_))
        gone = await self._remembered({key for three in keys.values() for key in three})
        if not gone:
            return {}
        answers: dict[str, MentionDeleted] = {}
        graves: list[Action] = []
        for id_, (action, mention) in written.items():
            deletion, announce = _covering(mention, *(gone.get(key) for key in keys[id_]))
            if deletion is None:
                continue
            tombstone = deletion.of(mention)
            graves.append(tombstone_action(action.target, tombstone, author_key(mention.network, mention.author.id)))
            if announce:
                answers[id_] = tombstone
        await self._bulk.write(graves)
        return answers

    async def carry_out(self, batch: WriteBatch, names: set[str]) -> dict[str, MentionDeleted]:
        """Bury what the deletions of a batch cover; `names` receives how deleted accounts were shown.

        Also names what had been buried before by post or account: a deletion repeated after a crash must be answered.
        """
        if not batch.gone and not batch.tombstones:
            return {}
        with explained(self._url):
            await self._client.indices.refresh(index=self._names.mentions, ignore_unavailable=True)
        answers: dict[str, MentionDeleted] = {}
        posts = _under("post:", batch.gone)
        await self._bury("post_id", posts, lambda m: posts[m.post_id], Deletion.covers_post, answers, set())
        accounts = _under("author:", batch.gone)
        await self._bury(
            "author_key",
            accounts,
            lambda m: accounts[author_key(m.network, m.author.id)],
            Deletion.covers_author,
            answers,
            names,
        )
        alone = {id_: Deletion("", m.version, milliseconds(m.deleted_at)) for id_, m in batch.tombstones.items()}
        await self._bury("mention_id", alone, lambda m: alone[m.mention_id], Deletion.covers_post, {}, set())
        at = max((gone.at for gone in batch.gone.values()), default=0)
        shown = [Deletion(name_gone(name), UNVERSIONED, at) for name in sorted(names)]
        await self._bulk.write(
            [Action(self._names.deletions, gone.key, gone.version, _JSON.encode(gone._asdict())) for gone in shown]
        )
        return answers

    async def _bury(
        self,
        field: str,
        values: Mapping[str, Deletion],
        deletion_of: Callable[[Mention], Deletion],
        covers: Callable[[Deletion, Mention], bool],
        answers: dict[str, MentionDeleted],
        names: set[str],
    ) -> None:
        """Find the mentions with a field among values and bury those that are covered."""
        async for page in self._scan(field, list(values)):
            graves = []
            for hit in page:
                source = hit["_source"]
                if source["type"] == "mention_deleted":
                    known = msgspec.convert(source, MentionDeleted)
                    answers.setdefault(known.mention_id, known)
                    continue
                mention = mention_of(source)
                deletion = deletion_of(mention)
                if covers(deletion, mention):
                    names |= names_of(mention)
                    tombstone = answers[mention.mention_id] = deletion.of(mention)
                    graves.append(tombstone_action(hit["_index"], tombstone, source["author_key"]))
            await self._bulk.write(graves)

    async def _scan(self, field: str, values: list[str]) -> AsyncIterator[list[dict[str, Any]]]:
        """Every document with a field among values, a page at a time, in the order of ids."""
        for start in range(0, len(values), _TERMS):
            after: list[Any] | None = None
            while True:
                with explained(self._url):
                    answer = await self._client.search(
                        index=self._names.mentions,
                        ignore_unavailable=True,
                        query={"terms": {field: values[start : start + _TERMS]}},
                        sort=[{"mention_id": "asc"}, {"created_at": {"order": "asc", "missing": 0}}],
                        search_after=after,
                        size=_PAGE,
                        track_total_hits=False,
                    )
                page: list[dict[str, Any]] = answer["hits"]["hits"]
                if page:
                    yield page
                if len(page) < _PAGE:
                    break
                after = page[-1]["sort"]

    async def remembered(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that are remembered as deleted."""
        wanted = list(keys)
        pages = [wanted[start : start + _TERMS] for start in range(0, len(wanted), _TERMS)]
        return {key for page in pages for key in await self._remembered(page)}

    async def _remembered(self, keys: Iterable[str]) -> dict[str, Deletion]:
        """The deletions under these keys; by id, so that what was written a moment ago is seen."""
        wanted = {short(key): key for key in keys}
        if not wanted:
            return {}
        with explained(self._url):
            answer = await self._client.mget(
                index=self._names.deletions, ids=list(wanted), filter_path=["docs._id", "docs.found", "docs._source"]
            )
        return {
            wanted[doc["_id"]]: Deletion(**doc["_source"]) for doc in answer.body.get("docs", ()) if doc.get("found")
        }

    async def forget_before(self, before: int) -> int:
        """Drop the memory of deletions made before (milliseconds); gives their number."""
        return await self._erase(self._names.deletions, {"range": {"at": {"lt": before}}})

    async def drop_letters_before(self, before: int) -> int:
        """Drop the dead letters first seen before (milliseconds); gives their number."""
        span = {"first_seen": {"lt": before, "format": "epoch_millis"}}
        return await self._erase(self._names.dead_letters, {"range": span})

    async def _erase(self, index: str, query: dict[str, Any]) -> int:
        """Delete for good what a query finds, by scan and bulk."""
        erased = 0
        while True:
            with explained(self._url):
                await self._client.indices.refresh(index=index, ignore_unavailable=True)
                answer = await self._client.search(
                    index=index, ignore_unavailable=True, query=query, source=False, size=_PAGE
                )
            hits = answer["hits"]["hits"]
            if not hits:
                return erased
            await self._bulk.write([Action(index, hit["_id"], 0, b"", "delete") for hit in hits])
            erased += len(hits)


def _covering(
    mention: Mention, post: Deletion | None, account: Deletion | None, alone: Deletion | None
) -> tuple[Deletion | None, bool]:
    """The deletion that a mention falls under, and whether its tombstone must be published."""
    if post is not None and post.covers_post(mention):
        return post, True
    if account is not None and account.covers_author(mention):
        return account, True
    if alone is not None and alone.covers_post(mention):
        return alone, False
    return None, False


def _under(prefix: str, gone: Mapping[str, Deletion]) -> dict[str, Deletion]:
    return {key.removeprefix(prefix): deletion for key, deletion in gone.items() if key.startswith(prefix)}
