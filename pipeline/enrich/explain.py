"""`groundswell explain`: whom a post is taken to be about, what else was considered, and why it was left out."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.commands import context
from pipeline.enrich.accounts import Accounts
from pipeline.enrich.comparison import comparisons
from pipeline.enrich.evidence import CUT
from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.language import language
from pipeline.enrich.linker import Considered, Linker
from pipeline.enrich.load import open_linker
from pipeline.enrich.text import clean, excerpt, without_quotes
from pipeline.enrich.untrained import untrained
from pipeline.enrich.words import Kind
from pipeline.errors import TerminalError
from pipeline.messages import MAX_TEXT, Author, Untrained

app = typer.Typer()

MAX_INPUT = 1_000_000
"""Characters that are read from standard input."""

_OF_KIND = {
    Kind.COMMON: "is an ordinary word",
    Kind.SHORT: "is short, and many things are called so",
    Kind.NAME: "is the name of people or places",
    Kind.PHRASE: "is made of ordinary words",
    Kind.RARE: "is the name of a brand that few know",
    Kind.DISTINCT: "names nothing else",
}


_UNTRAINED: dict[Untrained, str] = {
    "language": "in a language that",
    "no_words": "without words, which",
    "hashtags": "a list of hashtags, which",
    "code": "code, which",
    "long": "an article, which",
}


class Given(msgspec.Struct):
    """What of a post is looked at; everything but the text may be missing."""

    text: str
    network: str = "twitter"
    author: Author | None = None
    lang: str | None = None
    parent_id: str | None = None


@app.command()
def explain(
    post: Annotated[str, typer.Argument(help="A text, a post as JSON, or - for standard input.")],
    network: Annotated[str, typer.Option(help="The network of a bare text.")] = "twitter",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a post.")] = False,
) -> None:
    """Show whom a post is taken to be about: every candidate with its score, and why the others were left out.

    Example:  `groundswell explain "the gap in my tooth"`
    """
    given = read(sys.stdin.read(MAX_INPUT) if post == "-" else post, network)
    linker = open_linker(context.load().enrich)
    for one in given:
        told = explanation(linker, one)
        if as_json:
            typer.echo(msgspec.json.encode(told).decode())
        else:
            _show(told)


def read(text: str, network: str) -> list[Given]:
    """The posts of an input: JSON objects, one a line or a single one, or else one bare text.

    Raises `TerminalError` for an object that is no post.
    """
    if not text.lstrip().startswith("{"):
        return [Given(text.strip()[:MAX_TEXT].encode("utf-8", "replace").decode(), network)]
    try:
        return [msgspec.json.decode(text, type=Given)]
    except msgspec.DecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) == 1:
            raise _no_post(error) from error
    try:
        return [msgspec.json.decode(line, type=Given) for line in lines]
    except msgspec.DecodeError as error:
        raise _no_post(error) from error


def explanation(linker: Linker, post: Given) -> dict[str, Any]:
    """Everything that is known of a post before its thread and the model are asked."""
    accounts = Accounts(linker)
    considered = linker.consider(post.text, post.network)
    lang = language(post.text, post.lang)
    compared = comparisons(post.text, [(c.entity.id, c.surface) for c in considered if c.linked])
    candidates = []
    for one in sorted(considered, key=lambda c: (-c.linked, -c.confidence, c.start)):
        role = accounts.role(post.author, post.network, one.entity.id) if post.author else "public"
        candidates.append(
            {
                "linked": one.linked,
                "entity": one.entity.name,
                "id": one.entity.id,
                "surface": one.surface,
                "start": one.start,
                "end": one.end,
                "how": one.how,
                "log_odds": round(one.score, 2),
                "confidence": one.confidence,
                "author_role": role,
                "compared_with": compared.get(one.entity.id),
                "why": why(linker, one),
            }
        )
    spans = [(c.start, c.end) for c in considered if c.linked]
    return {
        "text": post.text,
        "candidates": candidates,
        "inherits": not any(c.linked for c in considered) and post.parent_id is not None,
        "owner": _owner(accounts, post),
        "lang": lang,
        "untrained": untrained(lang, post.text),
        "model_reads": clean(excerpt(without_quotes(post.text, spans[:1]), spans[:1])),
        "fingerprint": fingerprint(post.text),
    }


def why(linker: Linker, one: Considered) -> str:
    """In words, why a candidate is linked or left out."""
    entity = linker.catalogue.entities[one.entity.id]
    name = f"“{one.surface.strip()[:60]}”"
    if one.how == "handle":
        reason = f"{name} is an account or the site of the company, or looks like one"
    elif one.how == "hashtag":
        reason = f"{name} holds the company's name"
    else:
        reason = f"{name} {_OF_KIND[one.kind]}"
        note = entity.ambiguous.get(one.surface.strip().lower())
        if note:
            reason += f" ({note})"
    if one.linked:
        plain = one.kind is Kind.DISTINCT or one.how in ("handle", "hashtag")
        return reason if plain else f"{reason}, but what stands around it speaks for the company"
    if one.confidence >= CUT:
        return f"{reason}; but the post names too many companies, and surer ones come first"
    return f"{reason}; what stands around it does not speak for the company enough ({one.confidence:.2f} < {CUT})"


def _owner(accounts: Accounts, post: Given) -> str | None:
    owner = accounts.owner(post.author, post.network) if post.author else None
    return owner.name if owner is not None else None


def _no_post(error: Exception) -> TerminalError:
    return TerminalError(str(error), subject="the post", todo='Give a text, or JSON such as {"text":"…","network":"…"}')


def _show(told: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table("linked", "company", "id", "words", "how", "log-odds", "confidence", "why")
    for one in told["candidates"]:
        cells = (one["entity"], one["id"], one["surface"], one["how"], f"{one['log_odds']:+.2f}")
        table.add_row(
            "yes" if one["linked"] else "no",
            *(Text(str(cell)) for cell in cells),
            f"{one['confidence']:.3f}",
            Text(one["why"]),
        )
    console.print(table if told["candidates"] else "No name, handle, hashtag or site of the catalogue in it.")
    if told["inherits"]:
        console.print("It names nobody, so it is about what the post that it answers is about.")
    if told["owner"]:
        console.print(Text(f"Its author is {told['owner']}'s own account: it is linked to it, and no evidence."))
    names = {c["id"]: c["entity"] for c in told["candidates"]}
    for one in told["candidates"]:
        if one["compared_with"]:
            console.print(Text(f"{one['entity']} is set against {names[one['compared_with']]}."))
    kind = told["untrained"]
    sure = f" ({_UNTRAINED[kind]} the model was not trained for: its sentiment is never sure)" if kind else ""
    console.print(Text(f"Language: {told['lang'] or 'cannot be told'}{sure}"))
    console.print(Text(f"The model reads: {told['model_reads']}"), soft_wrap=True)
    console.print(Text(f"Fingerprint for copies: {told['fingerprint'] or 'none, too few words'}"))
