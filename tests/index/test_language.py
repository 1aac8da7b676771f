"""The query language: every query finds the same mentions in every index, or the same fault."""

from __future__ import annotations

from asyncio import gather

import pytest

from pipeline.errors import TerminalError
from pipeline.index.language.faults import QueryError, WrongQuery
from pipeline.index.protocol import FieldCount, Index, Query
from tests.index.language.mentions import MENTIONS, NOW
from tests.index.language.queries import FAULTS, FOUND
from tests.support.messages import at


@pytest.fixture
async def filled(index: Index) -> Index:
    await index.write(MENTIONS)
    await index.refresh()
    return index


async def found(index: Index, text: str) -> str | None:
    try:
        page = await index.search(Query(text=text, now=NOW))
    except QueryError:
        return None
    assert page.total == len(page.mentions)
    return "".join(m.post_id.partition(":")[2] for m in page.mentions)


async def test_every_query_finds_what_it_says(filled: Index) -> None:
    answers = dict(zip(FOUND, await gather(*(found(filled, text) for text in FOUND)), strict=True))
    assert {text: answer for text, answer in answers.items() if answer != FOUND[text]} == {}
    assert len(FOUND) >= 200
    assert await filled.count() == len(MENTIONS)


async def test_what_cannot_be_understood_is_shown_with_its_place(filled: Index) -> None:
    wrong = {}
    for text, (place, words) in FAULTS.items():
        try:
            wrong[text] = str(await filled.search(Query(text=text, now=NOW)))
        except QueryError as error:
            if error.position != place or words not in str(error) or len(str(error)) > 600:
                wrong[text] = f"{error.position} {error}"
    assert wrong == {}


async def test_counts_agree_with_what_is_found(filled: Index) -> None:
    asked = {text: len(letters) for text, letters in FOUND.items() if letters is not None}
    volumes = await gather(*(filled.volume(Query(text=text, now=NOW), 3_600) for text in asked))
    assert {t: sum(v.mentions for v in volume) for t, volume in zip(asked, volumes, strict=True)} == asked


async def test_parts_of_what_is_found(filled: Index) -> None:
    async def parts(text: str, by: str, limit: int = 9) -> list[FieldCount]:
        return await filled.parts(Query(text=text, now=NOW), by, limit)  # type: ignore[arg-type]

    assert await parts("", "entity") == [FieldCount("acme", 6, 5), FieldCount("umbrella", 2, 1)]
    assert await parts("lost OR parcel", "network") == [FieldCount("net", 3, 3), FieldCount("web", 1, 1)]
    assert await parts("", "lang") == [FieldCount("en", 5, 3), FieldCount("de", 1, 1), FieldCount("ja", 1, 1)]
    assert await parts("", "lang", 1) == [FieldCount("en", 5, 3)]
    assert await parts("nothinglikeit", "entity") == await parts("xy*z", "entity") == []
    with pytest.raises(TerminalError):
        await parts("", "entity", 0)


ORDERS = {"newest": "hcbadefg", "oldest": "gfedabch", "reach": "baeghcdf"}


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_go_on_to_the_end(filled: Index, order: str) -> None:
    for text, letters in (("", ORDERS[order]), ("lost", "".join(c for c in ORDERS[order] if c in "hba"))):
        seen, after = "", ""
        for _ in range(9):
            query = Query(text=text, order=order, limit=2, after=after)  # type: ignore[arg-type]
            page = await filled.search(query)
            assert page.total == len(letters)
            seen += "".join(m.post_id.partition(":")[2] for m in page.mentions)
            after = page.next
            if not after:
                break
        assert seen == letters


async def test_a_wrong_cursor_is_an_error_that_says_so(filled: Index) -> None:
    good = (await filled.search(Query(limit=2))).next
    for wrong in (
        Query(after="x"),
        Query(after="ä"),
        Query(after="A" * 5_000),
        Query(after=good + "A"),
        Query(after=good, order="reach"),
        Query(after=good, offset=1),
        Query(after=good, order="best"),
    ):
        with pytest.raises(WrongQuery):
            await filled.search(wrong)


async def test_a_filter_takes_a_name_too(filled: Index) -> None:
    assert (await filled.search(Query(entity="Umbrella"))).total == 2
    assert (await filled.search(Query(text="lost", entity="acme", network="net", since=at(5)))).total == 2
