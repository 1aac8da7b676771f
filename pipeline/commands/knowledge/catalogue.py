"""`groundswell catalogue`: build and check catalogues, build the list of ordinary words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands import context
from pipeline.enrich.catalogue_limits import MOST, SIZE
from pipeline.errors import GroundswellError

app = context.new_app("The catalogue: whom posts can be about.\n\nExample:  `groundswell catalogue check brands.jsonl`")


@app.command("build")
def build_catalogue(
    lists: Annotated[
        list[Path],
        typer.Argument(help="CSV lists of brands, organisations or shares, folders of them, exports of Wikidata."),
    ],
    out: Annotated[Path, typer.Option(help="The file to write, JSON lines.")],
    most: Annotated[int, typer.Option(help="Of an export, how many of the best known companies.")] = MOST,
) -> None:
    """Build a catalogue file from lists of brands, exports of Wikidata and the hand-written well-known brands.

    Example:  `groundswell catalogue build lists/ latest-all.json.gz --most 50000 --out brands.jsonl`
    """
    from pipeline.enrich.catalogue.building import build
    from pipeline.terminal.catalogue_progress import CatalogueProgress

    try:
        with CatalogueProgress("reading") as progress:
            count = build(lists, out, most=most, report=progress)
    except GroundswellError as error:
        raise _failed(error) from None
    typer.echo(f"{count:,} entities in {out}")


@app.command("words")
def build_words(
    lists: Annotated[list[Path], typer.Argument(help="Word lists, one word a line, or a folder of SCOWL's.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    size: Annotated[int, typer.Option(help="Of a folder of SCOWL's, the lists up to this size.")] = SIZE,
) -> None:
    """Build the list of ordinary words from word lists.

    Example:  `groundswell catalogue words /usr/share/dict/scowl --out common_words.txt`
    """
    from pipeline.enrich.catalogue.wordlist import write_words

    try:
        words, names = write_words(lists, out, size=size)
    except GroundswellError as error:
        raise _failed(error) from None
    typer.echo(f"{words:,} words and {names:,} names in {out}")


@app.command("check")
def check_catalogue(
    path: Annotated[Path, typer.Argument(help="Your own catalogue file or folder.")],
    alone: Annotated[bool, typer.Option("--alone", help="Do not compare with the shipped one.")] = False,
) -> None:
    """Explain every conflict and every name that is a common word.  Fails when the file cannot be used.

    Example:  `groundswell catalogue check brands.jsonl`
    """
    from rich.console import Console
    from rich.text import Text

    from pipeline.enrich.catalogue.checking import Severity, check

    try:
        findings = check(path, with_shipped=not alone)
    except GroundswellError as error:
        raise _failed(error) from None
    console = Console(highlight=False)
    for finding in findings:
        style = "yellow" if finding.severity is Severity.WARNING else "dim"
        console.print(Text(f"{finding.severity.value}: {finding.entity}: {finding.what}", style=style), soft_wrap=True)
    warnings = sum(finding.severity is Severity.WARNING for finding in findings)
    console.print(f"The catalogue can be used; {warnings} warnings, {len(findings) - warnings} notes.")


def _failed(error: GroundswellError) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)
