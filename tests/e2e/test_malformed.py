"""Bad records among good ones: each becomes a dead letter with a reason that a person understands; the rest goes on."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.contracts.topics import POSTS_RAW
from pipeline.index.protocol import Query
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.runtime.kafka.redelivery import redeliver
from pipeline.simulate.companies import demo_catalogue
from tests.e2e.conftest import Configure, drained, opened, running

EACH = 50


def post(number: int, **changes: Any) -> dict[str, Any]:
    """A good post about a company of the demonstration."""
    return {
        "type": "post",
        "post_id": f"test:{number}",
        "network": "test",
        "author": {"id": f"test:author-{number}"},
        "text": f"Acme Air lost my bag again, number {number}.",
        "created_at": "2026-01-05T12:00:00Z",
        **changes,
    }


def in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def malformed(kind: str, number: int) -> bytes:
    """A record of one of ten kinds of badness."""
    good = json.dumps(post(number)).encode()
    match kind:
        case "not_json":
            return good[:-10]
        case "wrong_type":
            return json.dumps(post(number, text=17)).encode()
        case "missing_field":
            return json.dumps({k: v for k, v in post(number).items() if k != "post_id"}).encode()
        case "too_large":
            return json.dumps(post(number, text="x" * 1_000_000)).encode()
        case "nul_character":
            return json.dumps(post(number, text="Acme Air \x00")).encode()
        case "lone_surrogate":
            return json.dumps(post(number, text="Acme Air \ud800")).encode()
        case "future_date":
            return json.dumps(post(number, created_at=in_hours(5))).encode()
        case "unknown_type":
            return json.dumps(post(number, type="story")).encode()
        case "not_utf8":
            return good.replace(b"bag", b"b\xffg")
        case _:
            return json.dumps(post(number, created_at="yesterday")).encode()


REASONS = {
    "not_json": "truncated. Publish one JSON object a record",
    "wrong_type": "Expected `str`, got `int` - at `$.text`",
    "missing_field": "missing required field `post_id`",
    "too_large": "more than the 1,000,000 allowed",
    "nul_character": "holds a NUL character. Remove it at the source",
    "lone_surrogate": "half of a surrogate pair",
    "future_date": "Check the clock and the time zone of the source",
    "unknown_type": "Known types are post, post_deleted, author_deleted",
    "not_utf8": "the text is not UTF-8",
    "bad_time": "Times are RFC 3339 with a zone",
}
"""Every kind of badness, and what its reason must say."""
KINDS = tuple(REASONS)


async def test_bad_records_are_set_aside_with_their_reason_and_can_be_tried_again(configure: Configure) -> None:
    catalogue = configure().data / "companies.yaml"
    catalogue.parent.mkdir(parents=True, exist_ok=True)
    catalogue.write_text(demo_catalogue(), encoding="utf-8")
    settings = configure(model={"backend": "fixed"}, enrich={"catalogue": catalogue})
    mixed: list[bytes] = []
    for number in range(EACH * len(KINDS)):
        mixed.append(json.dumps(post(number)).encode())
        mixed.append(malformed(KINDS[number % len(KINDS)], 100_000 + number))
    async with running(settings) as stack:
        await publish(stack.settings, mixed)
        await drained(stack.settings)
        async with opened(stack.settings) as index:
            letters = await index.dead_letters(limit=10_000)
            assert Counter(letter.code for letter in letters) == dict.fromkeys(KINDS, EACH)
            assert [letter.reason for letter in letters if REASONS[letter.code] not in letter.reason] == []
            assert await index.count() == EACH * len(KINDS), "every good record went through"

    mended = settings.model_copy(update={"enrich": settings.enrich.model_copy(update={"max_ahead_hours": 24.0})})
    if not settings.kafka.bootstrap:  # the embedded broker is gone with its stack: the index kept the letters
        mended = configure(model={"backend": "fixed"}, enrich={"catalogue": catalogue, "max_ahead_hours": 24.0})
    async with running(mended) as stack:
        async with opened(stack.settings) as index:
            again = [x for x in await index.dead_letters(limit=10_000) if x.code == "future_date"]
        assert (await redeliver(stack.settings, again)).published == EACH
        await drained(stack.settings)
        async with opened(stack.settings) as index:
            assert (await index.search(Query(text="bag", limit=1))).total == EACH * (len(KINDS) + 1)
            letters = await index.dead_letters(limit=10_000)
            assert sum(letter.replayed_at is not None for letter in letters) == EACH
            assert len(letters) == EACH * len(KINDS), "what was mended made no new dead letters"


async def publish(settings: Any, values: list[bytes]) -> None:
    """Put raw bytes on the topic of raw posts, in flow-controlled pieces."""
    from pipeline.runtime.kafka.backpressure import ByteBudget, CommittedOffsets
    from pipeline.runtime.kafka.consumer_groups import consumer_groups

    budget = (
        ByteBudget(CommittedOffsets(settings.kafka), consumer_groups(settings.kafka))
        if settings.kafka.embedded
        else None
    )
    publisher = Publisher(settings.kafka, budget)
    await publisher.start()
    for begin in range(0, len(values), 20):
        piece = enumerate(values[begin : begin + 20], begin)
        await publisher.send([ToSend(POSTS_RAW.name, b"key-%d" % number, value) for number, value in piece])
    await publisher.close()
