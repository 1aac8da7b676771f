"""`groundswell catalogue`: find and add companies, build and check catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands import context
from pipeline.enrich.catalogue_limits import MOST, SIZE
from pipeline.errors import GroundswellError, TerminalError

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


@app.command("find")
def find_company(
    name: Annotated[str, typer.Argument(help="What people call it: a name, a handle, a site, an id; slips are found.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One company (JSON) a line.")] = False,
) -> None:
    """Find a company of the catalogue, with its id, other names and accounts.  Status 1 when there is none.

    Example:  `groundswell catalogue find zalndo`
    """
    import msgspec

    from pipeline.enrich.catalogue.finding import find
    from pipeline.enrich.catalogue.loading import load_catalogue
    from pipeline.text.safe import single_line

    matches = find(load_catalogue(context.load().catalogue), name, limit)
    for entity, kind, matched, likeness in matches:
        if as_json:
            typer.echo(msgspec.json.encode(entity).decode())
            continue
        by = "" if kind in ("id", "name") and likeness == 1.0 else f"  [{kind}: {single_line(matched, 60)}]"
        typer.echo(f"{single_line(entity.name, 60)}  {entity.id}{by}")
        accounts = [f"@{handle} ({network})" for network, handles in entity.handles.items() for handle in handles]
        for what, values in (("also", entity.aliases), ("accounts", accounts), ("sites", entity.sites)):
            if values:
                typer.echo(f"    {what}: {', '.join(single_line(value, 60) for value in values[:8])}")
        if entity.ambiguous:
            typer.echo(f"    needs context: {', '.join(single_line(word, 60) for word in entity.ambiguous)}")
    if not matches or matches[0].likeness < 1.0:
        known = "Only these are alike." if matches else "There is no such company, nor one that is called nearly so."
        typer.echo(f'{known} To add it: groundswell catalogue add "{single_line(name, 100)}"', err=True)
    if not matches:
        raise typer.Exit(1)


@app.command("add")
def add_company(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    id: Annotated[
        str | None, typer.Option(help="A Wikidata id, or a short name; made of the name when left out.")
    ] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Another name; repeat for several.")] = None,
    handle: Annotated[list[str] | None, typer.Option(help="An account, such as bluesky:acme.example.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="A domain without www.")] = None,
    product: Annotated[list[str] | None, typer.Option(help="What it makes, by name.")] = None,
    industry: Annotated[list[str] | None, typer.Option(help="Such as airline; it brings its words along.")] = None,
    ambiguous: Annotated[
        list[str] | None, typer.Option(help="What else a name means: “acme: the highest point”.")
    ] = None,
    cue: Annotated[list[str] | None, typer.Option(help="A word that speaks for the company.")] = None,
    distinctive: Annotated[
        bool, typer.Option("--distinctive", help="Nothing else is called so: its names need no evidence beside them.")
    ] = False,
    country: Annotated[str, typer.Option(help="Two letters.")] = "",
) -> None:
    """Add a company that the catalogue lacks to one of your own.  Workers that run know it within seconds.

    Example:  `groundswell catalogue add "Fjord Bakery" --handle bluesky:fjordbakery.example --cue bread`
    """
    from pipeline.enrich.catalogue.adding import add, identifier
    from pipeline.enrich.catalogue.finding import find
    from pipeline.enrich.catalogue.loading import convert, load_catalogue, parse_handles, parse_notes

    settings = context.load()
    try:
        same = [
            m.entity for m in find(load_catalogue(settings.catalogue), name) if m.likeness == 1 and m.kind == "name"
        ]
        if same and id is None:
            raise TerminalError(
                f"is in the catalogue as {same[0].id}", subject=name,
                todo=f"Follow it: groundswell follow {same[0].id}. Is yours another company? Give it an --id",
            )  # fmt: skip
        lists = {"aliases": alias, "sites": site, "products": product, "industry": industry, "cues": cue}
        entry = {field: values for field, values in lists.items() if values} | {
            "id": id or identifier(name), "name": name, "country": country,
            "handles": parse_handles("|".join(handle or ()), "--handle"),
            "ambiguous": parse_notes("|".join(ambiguous or ()), "--ambiguous"),
            "distinctive": [name, *(alias or ())] if distinctive else [],
        }  # fmt: skip
        entity = convert(entry, "the company")
        findings = add(settings.own_catalogue, entity)
    except GroundswellError as error:
        raise _failed(error) from None
    typer.echo(f"{entity.name} is in {settings.own_catalogue} as {entity.id}")
    for finding in findings:
        typer.echo(f"{finding.severity.value}: {finding.what}", err=True)


def _failed(error: GroundswellError) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)
