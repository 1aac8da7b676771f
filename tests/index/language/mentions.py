"""Eight mentions, called by letters, of which the queries of the language are asked."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from pipeline.contracts.mentions import Link, Mention, Sentiment, Signals
from pipeline.contracts.posts import Author
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
