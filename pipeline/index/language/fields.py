"""Fields of the query language: names, places in a mention, values."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from pipeline.contracts.values import AuthorRole, Label, LinkHow, PostKind, Untrained

FieldKind = Literal["word", "number", "time", "flag", "text"]


class Field(NamedTuple):
    """A field that queries can name.

    `path` is where a mention has it, `values` what it can be where that is a short list; `folded` when capitals do not
    matter.  `meaning` is for the documents and for hints.
    """

    name: str
    path: str
    meaning: str
    kind: FieldKind = "word"
    values: tuple[str, ...] = ()
    folded: bool = True
    others: tuple[str, ...] = ()


_ALL = (
    Field("text", "text", "words of the post; the same as without a field", "text"),
    Field("entity", "entity.id", "the company: its id or its name", others=("company", "about")),
    Field("sentiment", "sentiment.label", "what it feels", values=get_args(Label), others=("feels",)),
    Field("network", "network", "such as bluesky", others=("site",)),
    Field("lang", "lang", "language, such as en", others=("language",)),
    Field("kind", "kind", "post, reply, …", values=get_args(PostKind)),
    Field("author", "author.handle", "who wrote it: a handle, or an id", others=("from", "by")),
    Field("role", "author_role", "of the author", values=get_args(AuthorRole)),
    Field("thread", "root_id", "the first post of the thread, by its id", folded=False, others=("root",)),
    Field("post", "post_id", "the post, by its id", folded=False),
    Field("parent", "parent_id", "the post that it answers, by its id", folded=False, others=("answers",)),
    Field("date", "created_at", "when it was written", "time", others=("when", "created", "created_at")),
    Field("received", "ingested_at", "when it was received", "time", others=("ingested_at",)),
    Field("followers", "author.followers", "of the author", "number", others=("reach",)),
    Field("rating", "rating", "of a review, 0 to 10", "number", others=("stars",)),
    Field("depth", "depth", "over how many answers it is about the company", "number"),
    Field("how", "link.how", "how the company was recognised", values=get_args(LinkHow)),
    Field("surface", "link.surface", "the words that name the company"),
    Field("confidence", "link.confidence", "that it is about the company, 0 to 1", "number"),
    Field("sure", "sentiment.sure", "whether the model is sure of the feeling", "flag"),
    Field("negative", "sentiment.negative", "probability, 0 to 1", "number"),
    Field("neutral", "sentiment.neutral", "probability, 0 to 1", "number"),
    Field("positive", "sentiment.positive", "probability, 0 to 1", "number"),
    Field("complaint", "signals.complaint", "probability, 0 to 1", "number"),
    Field("question", "signals.question", "probability, 0 to 1", "number"),
    Field("praise", "signals.praise", "probability, 0 to 1", "number"),
    Field("irony", "signals.irony", "probability, 0 to 1", "number"),
    Field("offensive", "signals.offensive", "probability, 0 to 1", "number"),
    Field("hate", "signals.hate", "probability, 0 to 1", "number"),
    Field("emotion", "emotion", "where a model reads it"),
    Field("department", "route.department", "that should act"),
    Field("category", "category", "industry of the company, such as airline", others=("industry",)),
    Field("compared", "compared_with", "id of the company it is set against", folded=False),
    Field("copies", "fingerprint", "posts that are copies: the fingerprint of one", folded=False),
    Field("untrained", "untrained", "why the model was not trained for it", values=get_args(Untrained)),
)

FIELDS: dict[str, Field] = {name: field for field in _ALL for name in (field.name, *field.others)}
"""Every name of a field, in small letters."""

BOUNDS = {"since": True, "until": False}
"""Names that stand for a date from then on, and before it."""


def listed() -> tuple[Field, ...]:
    """The fields in the order of the documents, each once."""
    return _ALL
