"""The query language: every query finds the same mentions in every index, or the same fault."""

from __future__ import annotations

from asyncio import gather
from datetime import UTC, datetime

import msgspec
import pytest

from pipeline.contracts.mentions import Link, Mention, Sentiment, Signals
from pipeline.contracts.posts import Author
from pipeline.errors import TerminalError
from pipeline.index.language.faults import QueryError, WrongQuery
from pipeline.index.protocol import FieldCount, Index, Query
from tests.support.messages import at, mention

NOW = datetime(2026, 3, 14, 15, 0, tzinfo=UTC)


def _mention(letter: str, text: str, **fields: object) -> Mention:
    """A mention that is called by a letter; times and whatever matters are given by name."""
    made = mention(f"net:{letter}", text, **fields.pop("given", {}))  # type: ignore[arg-type]
    return msgspec.structs.replace(made, **fields)


def _author(handle: str | None, followers: int | None = None) -> Author:
    return Author(f"net:{(handle or 'nobody').lower()}", handle, followers=followers)


def _feels(negative: float, sure: bool = True) -> Sentiment:
    label = "negative" if negative > 0.5 else "positive"
    return Sentiment(negative, 0.0, 1.0 - negative, label, sure)  # type: ignore[arg-type]


def _signals(complaint: float, question: float) -> Signals:
    return Signals(0.0, 0.0, 0.0, complaint, question, 0.0)


MENTIONS = (
    _mention("a", "My suitcase was lost in Kilbeck", author=_author("Ann_Lee", 120), lang="en",
             sentiment=_feels(0.95), signals=_signals(0.9, 0.1), category="airline"),
    _mention("b", "They lose suitcases every day, and nobody pays", author=_author("bob", 5_000), lang="en",
             created_at=at(10), sentiment=_feels(0.75), kind="reply", parent_id="net:a", root_id="net:a"),
    _mention("c", "Where is my parcel? Order AA-12 v2.0", author=_author("Cleo", 0), lang="en", network="web",
             created_at=at(20), sentiment=_feels(0.6, sure=False), signals=_signals(0.4, 0.9)),
    _mention("d", "Lovely staff at the counter, cancelled my flight for free!", author=_author("dora"), lang="en",
             created_at=at(-1_440), sentiment=_feels(0.1), rating=5.0, kind="review"),
    _mention("e", "Der Größenrechner ist eine Katastrophe", author=_author("Emil", 80), lang="de", network="web",
             created_at=at(-3 * 1_440), sentiment=_feels(0.9)),
    _mention("f", "東京タワーの荷物が届かない 🔥🔥", author=_author(None), lang="ja", created_at=at(-10 * 1_440),
             given={"entity": "umbrella"}, sentiment=_feels(0.8)),
    _mention("g", "NEAR the shop; never NOT angry OR pleased AND so on", author=_author("gus", 42), lang="en",
             created_at=datetime(2025, 12, 31, 23, 59, tzinfo=UTC), given={"entity": "umbrella"},
             sentiment=_feels(0.2), compared_with="acme"),
    _mention("h", "Don't rate Acme's lost luggage desk: lost, luggage lost", author=_author("Ann_Other", 7),
             created_at=at(30), sentiment=_feels(0.99), kind="quote", root_id="net:a", link=Link("Acme", "name", 0.9)),
)  # fmt: skip

FOUND = {
    # everything, nothing
    "": "hcbadefg",
    "   ": "hcbadefg",
    "*": "hcbadefg",
    "NOT *": "hcbadefg",
    "-": "",
    "!!!": "",
    "()x": None,
    "\\": "",
    "* AND *": "hcbadefg",
    "* lovely": "d",
    '""': "",
    "'": "",
    "....": "",
    "🙂": "",
    "🔥": "f",
    "🔥🔥": "f",
    # words, and their forms
    "suitcase": "ba",
    "suitcases": "ba",
    "SUITCASE": "ba",
    "lost": "hba",
    "lose": "hba",
    "losing": "hba",
    "parcel": "c",
    "parcels": "c",
    "pay": "b",
    "paid": "b",
    "cancel": "d",
    "cancelling": "d",
    "cancels": "d",
    "orders": "c",
    "flights": "d",
    "rates": "h",
    "rated": "h",
    "rating": "h",
    "day": "b",
    "days": "b",
    "counters": "d",
    "suitc": "",
    "größenrechner": "e",
    "GRÖßENRECHNER": "e",
    "grossenrechner": "",
    "acme": "h",
    "Acme's": "h",
    "don't": "h",
    "Don’t": "h",
    "AA-12": "c",
    "v2.0": "c",
    "12": "c",
    "荷物": "f",
    "東京": "f",
    "タワー": "f",
    "desk:": None,
    "lost,": "hba",
    "lost!": "hba",
    "lost.": "hba",
    "(lost)": "hba",
    # several words
    "lost luggage": "h",
    "luggage lost": "h",
    "lost suitcase": "ba",
    "lost parcel": "",
    "my is": "c",
    "lost AND luggage": "h",
    "lost and luggage": "",
    "suitcase or parcel": "",
    "not angry": "g",
    # or, not, brackets
    "suitcase OR parcel": "cba",
    "parcel OR suitcase": "cba",
    "parcel OR suitcase lost": "cba",
    "(parcel OR suitcase) lost": "ba",
    "lost (parcel OR suitcase)": "ba",
    "parcel OR nothinglikeit": "c",
    "NOT lost": "cdefg",
    "-lost": "cdefg",
    "NOT NOT lost": "hba",
    "--lost": "hba",
    "lost NOT luggage": "ba",
    "lost -luggage": "ba",
    "-luggage lost": "ba",
    "lost -(luggage OR nobody)": "a",
    "-lost -parcel": "defg",
    "NOT (lost OR parcel)": "defg",
    "NOT lost OR luggage": "hcdefg",
    "(((parcel)))": "c",
    "lost -luggage OR parcel": "cba",
    "well-known": "",
    "AA -12": "",
    "parcel-order": "c",
    "lost(luggage)": "h",
    "suitcase OR (parcel AND order)": "cba",
    # phrases
    '"lost luggage"': "h",
    '"luggage lost"': "h",
    '"lost suitcase"': "",
    '"suitcases"': "b",
    '"suitcase"': "a",
    '"my suitcase was"': "a",
    '"was my suitcase"': "",
    '"LOST LUGGAGE"': "h",
    '"lost, luggage"': "h",
    "“lost luggage”": "h",
    '"AND so on"': "g",
    '"NOT angry"': "g",
    '"AND"': "bg",
    '"not"': "g",
    '"the counter"': "d",
    '-"lost luggage"': "cbadefg",
    '"lost luggage" OR parcel': "hc",
    '"東京"': "f",
    '"京東"': "",
    '"\\""': "",
    '"a" "suitcase"': "",
    '"suitcase" kilbeck': "a",
    '"author:bob"': "",
    '"pleased AND"': "g",
    # patterns
    "suit*": "ba",
    "suitcase*": "ba",
    "suitcases*": "b",
    "SUIT*": "ba",
    "su*se": "a",
    "su*s": "b",
    "suitcase?": "ba",
    "suitc?se": "a",
    "su??case": "a",
    "su?case": "",
    "lo*": "hbad",
    "luggag?": "",
    "kil*ck": "a",
    "parc*": "c",
    "xyz*": "",
    "xy*z": "",
    "suit* lost": "ba",
    "suit* OR parc*": "cba",
    "-lo*": "cefg",
    "größ*": "e",
    "gr*er": "e",
    "***": "",
    "why???": "",
    "suit* -nobody": "a",
    "lost???": "hba",
    "12*": "c",
    "NOT su*s": "hcadefg",
    "NOT xy*z": "hcbadefg",
    # fields of words
    "entity:acme": "hcbade",
    "entity:Acme": "hcbade",
    "entity:ACME": "hcbade",
    "company:umbrella": "fg",
    "about:Umbrella": "fg",
    "entity:um*": "fg",
    "entity:nobody": "",
    "entity:(acme OR umbrella)": "hcbadefg",
    "-entity:acme": "fg",
    "sentiment:negative": "hcbaef",
    "sentiment:POSITIVE": "dg",
    "feels:positive": "dg",
    "-sentiment:negative": "dg",
    "sentiment:(positive negative)": "hcbadefg",
    "sentiment:neutral": "",
    "network:web": "ce",
    "network:WEB": "ce",
    "network:(web OR net)": "hcbadefg",
    "network:(web, net)": "hcbadefg",
    "site:we*": "ce",
    "lang:de": "e",
    "lang:DE": "e",
    "language:(de OR ja)": "ef",
    "lang:*": "cbadefg",
    "-lang:*": "h",
    "NOT lang:en": "hef",
    "kind:reply": "b",
    "kind:(reply OR quote)": "hb",
    "kind:review": "d",
    "author:bob": "b",
    "author:BOB": "b",
    "author:@bob": "b",
    "from:Ann_Lee": "a",
    "author:ann_lee": "a",
    "author:ann*": "ha",
    "author:*_*": "ha",
    "by:annxlee": "",
    "author:net:bob": "b",
    "author:net:nobody": "f",
    "author:*": "hcbadeg",
    "-author:*": "f",
    "author:(bob OR cleo)": "cb",
    'author:"Ann_Lee"': "a",
    "author:%": "",
    "author:ann?lee": "",
    "thread:net:a": "hba",
    "root:net:a": "hba",
    "thread:NET:A": "",
    "-thread:net:a": "cdefg",
    "post:net:c": "c",
    "parent:net:a": "b",
    "answers:net:a": "b",
    "parent:*": "b",
    "role:public": "hcbadefg",
    "role:press": "",
    "category:airline": "a",
    "industry:AIR*": "a",
    "compared:acme": "g",
    "how:name": "hcbadefg",
    "surface:Acme": "hcbade",
    "sure:no": "c",
    "sure:yes": "hbadefg",
    "-sure:true": "c",
    "sure:False": "c",
    "emotion:*": "",
    "department:billing": "",
    "untrained:*": "",
    "copies:xyz": "",
    # numbers
    "followers>=120": "ba",
    "followers > 120": "b",
    "followers<=7": "hc",
    "followers < 7": "c",
    "followers:42": "g",
    "followers:40..100": "eg",
    "followers:100..": "ba",
    "followers:..7": "hc",
    "followers:*": "hcbaeg",
    "-followers:*": "df",
    "reach>1000": "b",
    "followers:(42 OR 80)": "eg",
    "rating:5": "d",
    "stars>=4.5": "d",
    "rating<5": "",
    "negative>=0.95": "ha",
    "negative>0.95": "h",
    "negative:0.7..0.8": "bf",
    "complaint>0.5": "a",
    "question>=0.9": "c",
    "-complaint>0.5": "hcbdefg",
    "confidence>=0.9": "hcbadefg",
    "depth:0": "hcbadefg",
    "followers>-1": "hcbaeg",
    # dates
    "date:2026-03-14": "hcba",
    "date:2026-03-13": "d",
    "date:2026-03": "hcbadef",
    "date:2025": "g",
    "date:2025-12-31": "g",
    "date:today": "hcba",
    "date:yesterday": "d",
    "when:last 7 days": "hcbade",
    'date:"last 7 days"': "hcbade",
    "date:7d": "hcbade",
    "date:past 24 hours": "hcba",
    "date:24h": "hcba",
    "date:this month": "hcbadef",
    "date:last month": "",
    "date:this year": "hcbadef",
    "date:last year": "g",
    "date:this week": "hcbade",
    "date:last week": "f",
    "date>=2026-03-14": "hcba",
    "date>2026-03-13": "hcba",
    "date<2026-03-13": "efg",
    "date<=2026-03-13": "defg",
    "since:2026-03-14": "hcba",
    "until:2026-03-13": "efg",
    "since:yesterday": "hcbad",
    "since:last 7 days until:today": "de",
    "date:2026-03-14T12:10Z": "b",
    "date:2026-03-14T12:10:00+00:00": "b",
    "date:2026-03-01..2026-03-13": "def",
    "date:..2025-12-31": "g",
    "date:2026-03-14T12:20Z..": "hc",
    "date:2026-03-14t14:20+02:00..": "hc",
    "date>2026-03-14T12:20Z": "h",
    "date>=2026-03-14T12:20Z": "hc",
    "date<=2026-03-14T12:00Z": "adefg",
    "date:2024": "",
    "received:*": "hcbadefg",
    "received>=2020": "hcbadefg",
    "received:2019": "",
    "date:last 3 hours late": "",
    "date:last 3 hours lost": "hba",
    # all together
    "lost sentiment:negative -author:bob": "ha",
    "(suitcase OR parcel) network:web": "c",
    "lost OR network:web": "hcbae",
    "-(network:web OR lost)": "dfg",
    "lost thread:net:a since:2026-03-14T12:05Z": "hb",
    "text:lost": "hba",
    'text:"lost luggage"': "h",
    "text:suit*": "ba",
    "-text:lost": "cdefg",
    "entity:umbrella OR (author:bob lost)": "bfg",
    "http://net.example/a": "",
    "love <3": "",
    "a < b": "",
    "12:30": "",
    "entity:acme NOT (kind:reply OR sure:no) followers>=0": "hae",
    "entity : acme": "hcbade",
    "followers:-5..10": "hc",
    "lost OR luggage OR parcel OR lovely": "hcbad",
    '"\' OR 1=1 --"': "",
    "'; DROP TABLE mentions; --": "",
    "NEAR(shop never)": "g",
    "par\0cel": "",
    "parcel\0": "c",
    "parcel \ud800": "c",
    "{suitcase} [lost]": "ba",
    "^suitcase": "ba",
    "lost~2": "",
    "suitcase^3": "",
    "_exists_": "",
    "%": "",
    "/.*/": "",
}
"""Query → letters of the mentions that it finds, newest first; None where the place and a suggestion are given."""

FAULTS = {
    "lost OR": (5, "nothing behind it"),
    "lost AND": (5, "nothing behind it"),
    "OR lost": (0, "nothing before it"),
    "AND": (0, "nothing before it"),
    "lost NOT": (5, "nothing behind it"),
    "NOT": (0, "nothing behind it"),
    "(lost": (0, "not closed"),
    "lost)": (4, "not opened"),
    "()": (1, "empty"),
    "lost ()": (6, "empty"),
    '"lost': (0, "not closed"),
    'x "': (2, "not closed"),
    "autor:bob": (0, "Did you mean author:"),
    "foo:bar": (0, "there is no field"),
    "desk: x": (0, "put them in quotes"),
    "sentiment:": (0, "such as negative"),
    "sentiment:angry": (10, "Allowed: negative"),
    "sentiment:negatve": (10, "Did you mean sentiment:negative"),
    "sentiment>1": (10, "cannot be compared"),
    "followers:many": (10, "is no number"),
    "followers:1...2": (10, "is no number"),
    "followers>": (0, "has no value"),
    "followers:nan": (10, "is no number"),
    "followers:1e999": (10, "is no number"),
    "date:soon": (5, "is no date"),
    "date:2026-13": (5, "is no date"),
    "date:last": (5, "is no date"),
    "date:last 9 moons": (5, "is no date"),
    "date:0000": (5, "is no date"),
    "since:": (0, "has no value"),
    "sure:maybe": (5, "yes or no"),
    "s*": (0, "Begin with 2 letters"),
    "a*b": (0, "Begin with 2 letters"),
    "*tail": (0, "Begin with 2 letters"),
    "su*.x": (0, "is no pattern"),
    "su" + "i" * 80 + "*": (0, "is no pattern"),
    "kind:(": (5, "not closed"),
    "kind:()": (5, "empty"),
    "kind:(OR post)": (0, "has no value"),
    "kind:(post OR)": (0, "has no value"),
    "a AND OR b": (2, "nothing behind it"),
    "(" * 40 + "x" + ")" * 40: (17, "too many brackets"),
    "NOT " * 40 + "x": (68, "too many brackets"),
    "a " * 65: (128, "too long"),
    "ab* " * 9: (32, "too many patterns"),
    "author:" + "a*" * 9: (7, "too long"),
    "author:@": (7, "has no value"),
}


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
