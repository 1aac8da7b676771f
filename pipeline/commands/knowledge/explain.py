"""`groundswell explain`: whom a post is taken to be about, what else was considered, and why it was left out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.load import load_scorer
from pipeline.commands import context
from pipeline.contracts.messages import MAX_TEXT, Author, Link, Untrained
from pipeline.enrich.accounts import Accounts
from pipeline.enrich.comparison import comparisons
from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.linking.embeddings import reader_of
from pipeline.enrich.linking.linker import Considered, Linker
from pipeline.enrich.linking.log_odds import cut
from pipeline.enrich.linking.namesakes import is_namesake
from pipeline.enrich.load import open_linker
from pipeline.enrich.mentions import model_input
from pipeline.enrich.spelling.names import Kind
from pipeline.enrich.threads.subjects import About
from pipeline.errors import TerminalError
from pipeline.text.clean import clean, without_quotes
from pipeline.text.language import language
from pipeline.text.out_of_domain import untrained

app = typer.Typer(add_completion=False)

MAX_INPUT = 1_000_000
"""Characters that are read at most."""

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
    post: Annotated[str | None, typer.Argument(help="A text, a post as JSON, or - for standard input.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file of posts, one JSON object a line, or of one text.")] = None,
    network: Annotated[str, typer.Option(help="The network of a bare text.")] = "twitter",
    catalogue: Annotated[Path | None, typer.Option(help="An own catalogue, as enrich.catalogue")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a post.")] = False,
) -> None:
    """Show whom a post is taken to be about: every candidate with its score, and why the others were left out.

    Example:  `groundswell explain "the gap in my tooth"`
    """
    given = read(_input(post, file), network)
    settings = context.load()
    own = settings.enrich if catalogue is None else settings.enrich.model_copy(update={"catalogue": catalogue})
    linker = open_linker(own, reader_of(load_scorer(settings.model)))
    for one in given:
        told = explanation(linker, one)
        if as_json:
            typer.echo(msgspec.json.encode(told).decode())
        else:
            _show(told)


def _input(post: str | None, file: Path | None) -> str:
    """What is to be explained, from wherever it is."""
    if (post is None) == (file is None):
        raise TerminalError("nothing to explain, or two things", todo="Give a text, - for standard input, or --file")
    try:
        if file is not None:
            with file.open(encoding="utf-8", errors="replace") as stream:
                text = stream.read(MAX_INPUT + 1)
        else:
            text = sys.stdin.read(MAX_INPUT + 1) if post == "-" else str(post)
    except OSError as error:
        raise TerminalError(str(error.strerror), subject=str(file), todo="Name a file that can be read") from error
    if len(text) > MAX_INPUT:
        raise TerminalError(f"more than {MAX_INPUT:,} characters", subject=str(file or "the input"), todo="Split it")
    return text


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
                "of_which_read": round(one.read, 2),
                "confidence": one.confidence,
                "author_role": role,
                "compared_with": compared.get(one.entity.id),
                "model_reads": _reads(post.text, one) if one.linked else None,
                "why": why(linker, post.text, one),
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


def _reads(text: str, one: Considered) -> str:
    """What the model reads of a post for an entity."""
    link = Link(one.surface, one.how, one.confidence)
    return model_input(text, About(one.entity, link, (one.start, one.end)))


def why(linker: Linker, text: str, one: Considered) -> str:
    """In words, why a candidate of a text is linked or left out."""
    entity = linker.catalogue.entities[one.entity.id]
    name = f"“{one.surface.strip()[:60]}”"
    if one.how == "handle":
        reason = f"{name} is an account or the site of the company, or looks like one"
    elif one.how == "hashtag":
        reason = f"{name} holds the company's name"
    else:
        reason = f"{name} {_OF_KIND[one.kind]}"
        surface = one.surface.strip()
        note = entity.ambiguous.get(surface.lower()) or entity.namesakes.get(surface)
        if note:
            reason += f" ({note})"
    if one.linked:
        plain = one.kind is Kind.DISTINCT or one.how in ("handle", "hashtag")
        return reason if plain else f"{reason}, but what stands around it speaks for the company"
    least = cut(one.kind)
    if one.confidence >= least:
        return f"{reason}; but the post names too many companies, and surer ones come first"
    enough = f"({one.confidence:.2f} < {least:g})"
    if one.how in ("name", "product") and is_namesake(text, one.start, one.end, entity.industry):
        return f"{reason}, but here it is a part of the name of a person, a building or a contest {enough}"
    return f"{reason}; what stands around it does not speak for the company enough {enough}"


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
    for reads in dict.fromkeys([told["model_reads"], *(c["model_reads"] for c in told["candidates"] if c["linked"])]):
        console.print(Text(f"The model reads: {reads}"), soft_wrap=True)
    console.print(Text(f"Fingerprint for copies: {told['fingerprint'] or 'none, too few words'}"))
