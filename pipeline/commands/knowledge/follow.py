"""`groundswell follow`, `unfollow` and `following`: the watch list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.errors import TerminalError

if TYPE_CHECKING:
    from pipeline.enrich.catalogue.watch_list import FollowedCompany, WatchList
    from pipeline.settings.settings import Settings

app = context.new_app("The watch list.\n\nExample:  `groundswell following`")

FORCE = "A running `enrich` worker goes by it within seconds."


@app.command()
def follow(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Companies of your own: name, id or handle")
    ] = None,
    competitor: Annotated[list[str] | None, typer.Option(help="A company to compare with; repeat for several")] = None,
    industry: Annotated[list[str] | None, typer.Option(help="All companies of an industry, such as airline")] = None,
) -> None:
    """Follow companies: from then on only posts about followed ones are scored, stored and paged for.

    Example:  `groundswell follow Zalando --competitor "About You"`
    """
    from pipeline.enrich.catalogue.finding import company_named
    from pipeline.enrich.catalogue.industries import INDUSTRY_WORDS
    from pipeline.enrich.catalogue.loading import load_catalogue
    from pipeline.enrich.catalogue.watch_list import FollowedCompany, WatchList, read_watch_list, write_watch_list

    if not (names or competitor or industry):
        raise typer.BadParameter("name a company, or --competitor, or --industry")
    settings = context.load()
    catalogue = load_catalogue(settings.catalogue)
    changed = read_watch_list(settings.following) or WatchList()
    for relation, typed in (("own", names or ()), ("competitor", competitor or ())):
        for name in typed:
            company = company_named(catalogue, name)
            changed = changed.with_company(FollowedCompany(company.id, company.name, relation))  # type: ignore[arg-type]
    known = sorted({kind for entity in catalogue.entities.values() for kind in entity.industry} | set(INDUSTRY_WORDS))
    for kind in industry or ():
        if kind not in known:
            raise TerminalError("no such industry", subject=kind, todo=f"Known are {', '.join(known)}")
        changed = changed.with_industry(kind)
    write_watch_list(settings.following, changed)
    _show(settings, changed)
    typer.echo(FORCE, err=True)


@app.command()
def unfollow(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Companies or industries of the list")],
) -> None:
    """Follow companies or industries no longer; with the last one gone, everything is followed again.

    Example:  `groundswell unfollow "About You"`
    """
    from pipeline.enrich.catalogue.watch_list import WatchList, read_watch_list, write_watch_list

    settings = context.load()
    changed = read_watch_list(settings.following) or WatchList()
    for name in names:
        smaller = changed.without(name)
        if smaller == changed:
            raise TerminalError("is not followed", subject=name, todo="See: groundswell following")
        changed = smaller
    write_watch_list(settings.following, changed)
    _show(settings, changed)
    typer.echo(FORCE, err=True)


@app.command()
def following(as_json: Annotated[bool, typer.Option("--json", help="The list as one JSON object.")] = False) -> None:
    """Show what is followed.

    Example:  `groundswell following --json`
    """
    import msgspec

    from pipeline.enrich.catalogue.watch_list import WatchList, read_watch_list

    settings = context.load()
    watch_list = read_watch_list(settings.following) or WatchList()
    if as_json:
        typer.echo(msgspec.json.encode(watch_list).decode())
        return
    _show(settings, watch_list)


def _show(settings: Settings, watch_list: WatchList) -> None:
    """The list, one line each."""
    from pipeline.text.safe import single_line

    def line(company: FollowedCompany) -> str:
        return f"{company.relation:<10}  {single_line(company.name, 60)}  ({company.id})"

    for company in sorted(watch_list.companies, key=lambda company: company.relation != "own"):
        typer.echo(line(company))
    for industry in watch_list.industries:
        typer.echo(f"{'industry':<10}  {single_line(industry, 60)}")
    if not watch_list.companies and not watch_list.industries:
        typer.echo("Nothing is chosen, so every company of the catalogue is followed.")
    else:
        typer.echo(f"The list is in {settings.following}", err=True)
