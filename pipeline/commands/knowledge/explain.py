"""`groundswell explain`: whom a post is linked to, and why not to others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands import context
from pipeline.errors import TerminalError

if TYPE_CHECKING:
    from pipeline.contracts.values import Untrained

app = context.new_app()

MAX_INPUT = 1_000_000
"""Characters that are read at most."""

_UNTRAINED: dict[Untrained, str] = {
    "language": "in a language that",
    "no_words": "without words, which",
    "hashtags": "a list of hashtags, which",
    "code": "code, which",
    "long": "an article, which",
}


@app.command()
def explain(
    post: Annotated[str | None, typer.Argument(help="A text, a post as JSON, or - for standard input.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file of posts, one JSON object a line, or of one text.")] = None,
    network: Annotated[str, typer.Option(help="The network of a bare text.")] = "twitter",
    catalogue: Annotated[Path | None, typer.Option(help="An own catalogue, as enrich.catalogue")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a post.")] = False,
) -> None:
    """Show whom a post is linked to: every candidate with its score, and why the others were left out.

    Example:  `groundswell explain "the gap in my tooth"`
    """
    import msgspec

    from models.load import load_scorer
    from pipeline.enrich.explanation import explanation, read_posts
    from pipeline.enrich.linking.embeddings import reader_of
    from pipeline.enrich.load import open_linker

    posts = read_posts(_input(post, file), network)
    settings = context.load()
    linker = open_linker(catalogue or settings.catalogue, reader_of(load_scorer(settings.model)))
    for given in posts:
        explained = explanation(linker, given)
        if as_json:
            typer.echo(msgspec.json.encode(explained).decode())
        else:
            _show(explained)


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


def _show(explained: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table("linked", "company", "id", "words", "how", "log-odds", "confidence", "why")
    for candidate in explained["candidates"]:
        cells = (
            candidate["entity"],
            candidate["id"],
            candidate["surface"],
            candidate["how"],
            f"{candidate['log_odds']:+.2f}",
        )
        table.add_row(
            "yes" if candidate["linked"] else "no",
            *(Text(str(cell)) for cell in cells),
            f"{candidate['confidence']:.3f}",
            Text(candidate["why"]),
        )
    console.print(table if explained["candidates"] else "No name, handle, hashtag or site of the catalogue in it.")
    if explained["inherits"]:
        console.print("It names nobody, so it is about what the post that it answers is about.")
    if explained["owner"]:
        console.print(Text(f"Its author is {explained['owner']}'s own account: it is linked to it, and no evidence."))
    names = {c["id"]: c["entity"] for c in explained["candidates"]}
    for candidate in explained["candidates"]:
        if candidate["compared_with"]:
            console.print(Text(f"{candidate['entity']} is set against {names[candidate['compared_with']]}."))
    kind = explained["untrained"]
    sure = f" ({_UNTRAINED[kind]} the model was not trained for: its sentiment is never sure)" if kind else ""
    console.print(Text(f"Language: {explained['lang'] or 'cannot be told'}{sure}"))
    linked = [candidate for candidate in explained["candidates"] if candidate["linked"]]
    for reads in dict.fromkeys([explained["model_reads"], *(candidate["model_reads"] for candidate in linked)]):
        console.print(Text(f"The model reads: {reads}"), soft_wrap=True)
    console.print(Text(f"Fingerprint for copies: {explained['fingerprint'] or 'none, too few words'}"))
