"""What every index promises about searching, on the same small set of mentions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.errors import TerminalError
from pipeline.index.protocol import Index, Query, Volume
from tests.support.messages import at, mention

MENTIONS = (
    mention("net:1", "The parcel never came", minutes=0),
    mention("net:2", "Never again, the parcel was crushed, and the second parcel too", minutes=10),
    mention("net:3", "Lovely staff at the counter", minutes=20, label="positive"),
    mention("web:4", "Der Größenrechner ist eine Katastrophe", minutes=30, network="web"),
    mention("net:5", "NEAR the shop; never NOT angry OR pleased AND so on", entity="umbrella", minutes=40),
    mention("net:6", "東京タワーの荷物が届かない 🔥🔥", entity="umbrella", minutes=50, label="neutral"),
)


@pytest.fixture
async def filled(index: Index) -> Index:
    await index.write(MENTIONS)
    await index.refresh()
    return index


async def found(index: Index, text: str = "", **filters: object) -> list[str]:
    page = await index.search(Query(text=text, **filters))  # type: ignore[arg-type]
    assert page.total == len(page.mentions)
    return [m.post_id.partition(":")[2] for m in page.mentions]


WORDS = {
    "parcel": "21",
    "PARCEL": "21",
    "parcel crushed": "2",
    "crushed parcel": "2",
    "parcel lovely": "",
    "never": "521",
    "größenrechner": "4",
    "GRÖßENRECHNER": "4",
    "grossenrechner": "",
    "東京": "6",
    "荷物": "6",
    "🔥": "6",
    "came,": "1",
    "parc": "",
}


async def test_all_words_must_occur(filled: Index) -> None:
    assert {text: "".join(await found(filled, text)) for text in WORDS} == WORDS


async def test_blank_text_finds_everything_newest_first(filled: Index) -> None:
    assert await found(filled) == await found(filled, "   ") == ["6", "5", "4", "3", "2", "1"]


async def test_filters(filled: Index) -> None:
    assert await found(filled, entity="umbrella") == ["6", "5"]
    assert await found(filled, sentiment="positive") == ["3"]
    assert await found(filled, network="web") == ["4"]
    assert await found(filled, since=at(20), until=at(40)) == ["4", "3"]
    assert await found(filled, "never", entity="acme", since=at(5)) == ["2"]
    assert await found(filled, entity="um*") == []


async def test_paging(filled: Index) -> None:
    pages = [await filled.search(Query(limit=2, offset=offset)) for offset in (0, 2, 4, 6)]
    assert [p.total for p in pages] == [6] * 4
    assert [[m.post_id[4:] for m in p.mentions] for p in pages] == [["6", "5"], ["4", "3"], ["2", "1"], []]
    assert (await filled.search(Query(limit=0))).total == 6


async def test_best_first(index: Index) -> None:
    much, little = "parcel, parcel, parcel!", "one parcel among many other words about something else entirely"
    await index.write([mention("net:much", much, minutes=0), mention("net:little", little, minutes=9)])
    await index.refresh()
    assert await found(index, "parcel", order="best") == ["much", "little"]
    assert await found(index, "parcel", order="newest") == ["little", "much"]
    assert await found(index, "", order="best") == ["little", "much"]


async def test_equal_times_are_in_the_order_of_ids(index: Index) -> None:
    await index.write([mention(f"net:{name}") for name in "cab"])
    await index.refresh()
    assert await found(index) == ["a", "b", "c"]


async def test_too_much_is_an_error_that_says_so(filled: Index) -> None:
    for query in (
        Query(text="word " * 65),
        Query(text="w" * 1001),
        Query(limit=1001),
        Query(limit=-1),
        Query(offset=-1),
        Query(offset=9_990),
        Query(since=datetime(2026, 1, 1)),
    ):
        with pytest.raises(TerminalError):
            await filled.search(query)
        with pytest.raises(TerminalError):
            await filled.volume(query, 60)
    for seconds in (0, -5, 10**12):
        with pytest.raises(TerminalError):
            await filled.volume(Query(), seconds)


async def test_volume(filled: Index) -> None:
    assert await filled.volume(Query(), 1200) == [
        Volume(at(0), 2, 2),
        Volume(at(20), 2, 1),
        Volume(at(40), 2, 1),
    ]
    assert await filled.volume(Query(text="never", entity="acme"), 3600) == [Volume(at(0), 2, 2)]


async def test_spans_begin_at_multiples_since_1970(index: Index) -> None:
    await index.write([mention("net:1", created_at=datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC))])
    await index.write([mention("net:2", created_at=datetime(1970, 1, 1, 0, 0, 6, tzinfo=UTC))])
    await index.refresh()
    assert [v.start for v in await index.volume(Query(), 7)] == [
        datetime(1969, 12, 31, 23, 59, 53, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ]


async def test_entities(filled: Index) -> None:
    assert await filled.entities() == [("acme", "Acme", 4), ("umbrella", "Umbrella", 2)]
    assert await filled.entities(limit=1) == [("acme", "Acme", 4)]
