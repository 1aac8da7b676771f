"""Explanations of links: every candidate of a post with its score, and the reason."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.contracts.mentions import Link
from pipeline.contracts.posts import Author
from pipeline.contracts.values import MAX_TEXT
from pipeline.enrich.accounts import Accounts
from pipeline.enrich.comparison import comparisons
from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.linking.linker import Considered, Linker
from pipeline.enrich.linking.log_odds import cut
from pipeline.enrich.linking.namesakes import is_namesake
from pipeline.enrich.mentions import model_inputs
from pipeline.enrich.spelling.names import Kind
from pipeline.enrich.threads.subjects import About
from pipeline.errors import TerminalError
from pipeline.text.clean import clean, without_quotes
from pipeline.text.language import language
from pipeline.text.out_of_domain import untrained

_OF_KIND = {
    Kind.COMMON: "is an ordinary word",
    Kind.SHORT: "is short, and many things are called so",
    Kind.NAME: "is the name of people or places",
    Kind.PHRASE: "is made of ordinary words",
    Kind.RARE: "is the name of a brand that few know",
    Kind.DISTINCT: "names nothing else",
}


class PartialPost(msgspec.Struct):
    """What of a post is explained; everything but the text may be missing."""

    text: str
    network: str = "twitter"
    author: Author | None = None
    lang: str | None = None
    parent_id: str | None = None


def read_posts(text: str, network: str) -> list[PartialPost]:
    """The posts of an input: JSON objects, one a line or a single one, or else one bare text.

    Raises `TerminalError` for an object that is no post.
    """
    if not text.lstrip().startswith("{"):
        return [PartialPost(text.strip()[:MAX_TEXT].encode("utf-8", "replace").decode(), network)]
    try:
        return [msgspec.json.decode(text, type=PartialPost)]
    except msgspec.DecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) == 1:
            raise _no_post(error) from error
    try:
        return [msgspec.json.decode(line, type=PartialPost) for line in lines]
    except msgspec.DecodeError as error:
        raise _no_post(error) from error


def explanation(linker: Linker, post: PartialPost) -> dict[str, Any]:
    """Everything that is known of a post before its thread and the model are asked."""
    accounts = Accounts(linker)
    considered = linker.consider(post.text, post.network)
    lang = language(post.text, post.lang)
    compared = comparisons(post.text, [(c.entity.id, c.surface) for c in considered if c.linked])
    candidates = []
    for candidate in sorted(considered, key=lambda c: (-c.linked, -c.confidence, c.start)):
        role = accounts.role(post.author, post.network, candidate.entity.id) if post.author else "public"
        candidates.append(
            {
                "linked": candidate.linked,
                "entity": candidate.entity.name,
                "id": candidate.entity.id,
                "surface": candidate.surface,
                "start": candidate.start,
                "end": candidate.end,
                "how": candidate.how,
                "log_odds": round(candidate.score, 2),
                "of_which_read": round(candidate.read, 2),
                "confidence": candidate.confidence,
                "author_role": role,
                "compared_with": compared.get(candidate.entity.id),
                "model_reads": _reads(post.text, candidate) if candidate.linked else None,
                "why": why(linker, post.text, candidate),
            }
        )
    as_such = clean(without_quotes(post.text, ()))
    return {
        "text": post.text,
        "candidates": candidates,
        "inherits": not any(c.linked for c in considered) and post.parent_id is not None,
        "owner": _owner(accounts, post),
        "lang": lang,
        "untrained": untrained(lang, post.text),
        "model_reads": next((c["model_reads"] for c in candidates if c["linked"]), as_such),
        "fingerprint": fingerprint(post.text),
    }


def _reads(text: str, candidate: Considered) -> str:
    """What the model reads of a post for an entity."""
    link = Link(candidate.surface, candidate.how, candidate.confidence)
    return model_inputs(text, [About(candidate.entity, link, (candidate.start, candidate.end))])[0]


def why(linker: Linker, text: str, candidate: Considered) -> str:
    """In words, why a candidate of a text is linked or left out."""
    entity = linker.catalogue.entities[candidate.entity.id]
    name = f"“{candidate.surface.strip()[:60]}”"
    if candidate.how == "handle":
        reason = f"{name} is an account or the site of the company, or looks like one"
    elif candidate.how == "hashtag":
        reason = f"{name} holds the company's name"
    else:
        reason = f"{name} {_OF_KIND[candidate.kind]}"
        surface = candidate.surface.strip()
        note = entity.ambiguous.get(surface.lower()) or entity.namesakes.get(surface)
        if note:
            reason += f" ({note})"
    if candidate.linked:
        plain = candidate.kind is Kind.DISTINCT or candidate.how in ("handle", "hashtag")
        return reason if plain else f"{reason}, but what stands around it speaks for the company"
    least = cut(candidate.kind)
    if candidate.confidence >= least:
        return f"{reason}; but the post names too many companies, and surer ones come first"
    enough = f"({candidate.confidence:.2f} < {least:g})"
    if candidate.how in ("name", "product") and is_namesake(text, candidate.start, candidate.end, entity.industry):
        return f"{reason}, but here it is a part of the name of a person, a building or a contest {enough}"
    return f"{reason}; what stands around it does not speak for the company enough {enough}"


def _owner(accounts: Accounts, post: PartialPost) -> str | None:
    owner = accounts.owner(post.author, post.network) if post.author else None
    return owner.name if owner is not None else None


def _no_post(error: Exception) -> TerminalError:
    return TerminalError(str(error), subject="the post", todo='Give a text, or JSON such as {"text":"…","network":"…"}')
