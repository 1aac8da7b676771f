"""Companies on the command line: whatever a person types becomes an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.terminal import console

if TYPE_CHECKING:
    from pipeline.index.protocol import Index
    from pipeline.settings.settings import Settings

MOST = 1_000
"""Companies of the index among which a name is looked up."""


async def entity_id(typed: str, settings: Settings, index: Index) -> str:
    """The id of the company that `--entity` names by id, name or handle.

    What the index knows by this id is meant first, then what is followed, the catalogue, and names in the index.  A
    name that nobody has is searched for as an id, and standard error says so.  Raises `AmbiguousCompany`.
    """
    from pipeline.enrich.catalogue.finding import UnknownCompany, company_named
    from pipeline.enrich.catalogue.loading import load_catalogue
    from pipeline.enrich.catalogue.watch_list import read_watch_list
    from pipeline.index.protocol import Query

    if (await index.search(Query(entity=typed, limit=0))).total:
        return typed
    wanted = typed.strip().casefold()
    watch_list = read_watch_list(settings.following)
    for company in watch_list.companies if watch_list else ():
        if wanted in (company.id.casefold(), company.name.casefold()):
            return company.id
    named = [id_ for id_, name, _ in await index.entities(MOST) if name.casefold() == wanted]
    if len(named) == 1:
        return named[0]
    try:
        return company_named(load_catalogue(settings.catalogue), typed).id
    except UnknownCompany as error:
        console.err.print(f"[dim]{console.plain(str(error))}[/]", soft_wrap=True)
        return typed
