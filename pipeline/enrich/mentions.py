"""Builds the mention of an entity from a post and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from models.scorer import Scores
from pipeline.contracts.mentions import EntityRef, Mention, MentionDeleted, ModelRef, mention_id
from pipeline.contracts.posts import Post
from pipeline.contracts.values import AuthorRole, Untrained
from pipeline.enrich.comparison import comparisons
from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.targets import places, sentiment_toward
from pipeline.enrich.threads.subjects import About, root_of
from pipeline.text.clean import MODEL_CHARACTERS, PARTS, clean, excerpt, without_quotes
from pipeline.text.language import language
from pipeline.text.out_of_domain import untrained

CONTEXTS = 4
"""Different parts of one post that the model reads."""
LARGEST = 2**62
"""Highest version that the contract allows."""


class TextFacts(NamedTuple):
    """What a post's text says about all its mentions: its fingerprint, its language, why the model was not trained for
    it, which companies it compares."""

    fingerprint: str | None
    lang: str | None
    untrained: Untrained | None
    compared: dict[str, str]


class Pending(NamedTuple):
    """A mention without scores; `version` it is published under, `known` since when it can be known,
    `depth` over how many answers it inherits, `category` the industry of its entity."""

    post: Post
    about: About
    role: AuthorRole
    facts: TextFacts
    version: int
    known: datetime
    depth: int
    category: str | None = None


def facts_of(post: Post, abouts: Sequence[About]) -> TextFacts:
    """What the text of a linked post says."""
    lang = language(post.text, post.lang)
    named = [(about.entity.id, about.link.surface) for about in abouts if about.span is not None]
    return TextFacts(fingerprint(post.text), lang, untrained(lang, post.text), comparisons(post.text, named))


def model_inputs(text: str, abouts: Sequence[About]) -> list[str]:
    """What the model reads of a text for each of its mentions: the author's own words, of a long text the parts that
    name the entity.

    At most `CONTEXTS` different texts: where a long text names more entities, several share one, and those that it does
    not name read the last.
    """
    named = [about for about in abouts if about.span is not None]
    if len(text) <= MODEL_CHARACTERS or len(named) <= CONTEXTS:
        inputs = [_input(text, [about]) for about in abouts]
    else:
        shared = max(1, -(-len(named) // CONTEXTS))
        group = {about: _input(text, named[i - i % shared : i - i % shared + shared]) for i, about in enumerate(named)}
        inputs = [group[about] if about.span is not None else _input(text, []) for about in abouts]
    first = list(dict.fromkeys(inputs))[:CONTEXTS]
    return [read if read in first else first[-1] for read in inputs]


def _input(text: str, abouts: Sequence[About]) -> str:
    """What is read of a text for these together."""
    spans = [about.span for about in abouts if about.span is not None]
    if len(spans) == 1 and len(text) > MODEL_CHARACTERS:
        spans += [span for span in places(text, abouts[0].link.surface) if span != spans[0]][: PARTS - 1]
    return clean(excerpt(without_quotes(text, spans), spans))


def mention_of(pending: Pending, scores: Scores, target: int | None, sketch: str | None, model: ModelRef) -> Mention:
    """The mention, with the sentiment toward its entity (`target` in the scores, None for that of the post); never sure
    where the model was not trained for the text."""
    post, about, facts, sentiment = pending.post, pending.about, pending.facts, sentiment_toward(scores, target)
    if sentiment.sure and facts.untrained is not None:
        sentiment = msgspec.structs.replace(sentiment, sure=False)
    return Mention(
        mention_id=mention_id(post.post_id, about.entity.id),
        post_id=post.post_id,
        network=post.network,
        kind=post.kind,
        author=post.author,
        text=post.text,
        lang=facts.lang,
        url=post.url,
        created_at=post.created_at,
        ingested_at=pending.known,
        parent_id=post.parent_id,
        root_id=root_of(post),
        version=min(pending.version, LARGEST),
        rating=post.rating,
        entity=about.entity,
        link=about.link,
        sentiment=sentiment,
        signals=scores.signals,
        emotion=scores.emotion,
        fingerprint=facts.fingerprint,
        author_role=pending.role,
        compared_with=facts.compared.get(about.entity.id),
        depth=max(1, pending.depth) if about.link.how == "inherited" else 0,
        untrained=facts.untrained,
        sketch=sketch,
        category=pending.category,
        model=model,
    )


def retraction(post_id: str, entity: EntityRef, when: datetime, version: int) -> MentionDeleted:
    """What says that a mention is no more."""
    return MentionDeleted(
        mention_id=mention_id(post_id, entity.id),
        post_id=post_id,
        entity=entity,
        deleted_at=when,
        version=min(version, LARGEST),
    )
