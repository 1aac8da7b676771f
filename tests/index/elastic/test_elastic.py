"""What is particular to Elasticsearch: slices, templates, mappings that cover every field, refusals."""

from __future__ import annotations

import asyncio
import json
import types
import typing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from pipeline.contracts.incidents import Counts, IncidentEvent
from pipeline.contracts.mentions import Mention, MentionDeleted
from pipeline.errors import TerminalError, TransientError
from pipeline.index.elastic.bulk import Action
from pipeline.index.elastic.index import ElasticIndex
from pipeline.index.elastic.slices import end_of, slice_of, start_of
from pipeline.index.protocol import DeadLetter
from pipeline.settings.index import IndexSettings
from tests.real_servers import RealElasticsearch
from tests.support.messages import NOON, incident, letter, mention, post_deleted

TEMPLATES = Path(__file__).parents[3] / "deploy" / "elasticsearch"


@pytest.mark.parametrize(
    ("when", "month", "day"),
    [
        (datetime(2026, 3, 14, tzinfo=UTC), "2026-03", "2026-03-14"),
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), "2025-12", "2025-12"),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025-12", "2025-12"),
        (datetime(2014, 5, 1, tzinfo=UTC), "2014", "2014"),
        (datetime(2004, 5, 1, tzinfo=UTC), "earlier", "earlier"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "earlier", "earlier"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))), "9999-12", "9999-12-31"),
    ],
)
def test_slices_go_by_the_date_of_the_post_in_utc(when: datetime, month: str, day: str) -> None:
    sizes: tuple[Literal["month", "day"], ...] = ("month", "day")
    assert [slice_of(when, size) for size in sizes] == [month, day]


def test_a_slice_begins_with_its_month_or_day() -> None:
    assert start_of(NOON, "day") == datetime(2026, 3, 14, tzinfo=UTC)
    assert start_of(NOON, "month") == datetime(2026, 3, 1, tzinfo=UTC)
    assert start_of(NOON.replace(year=2009), "day") == datetime(2009, 1, 1, tzinfo=UTC)


def test_a_slice_ends_where_the_next_begins() -> None:
    ends = {"2026-03": (2026, 4, 1), "2026-12": (2027, 1, 1), "2026-02-28": (2026, 3, 1), "2009": (2010, 1, 1)}
    assert {name: end_of(name) for name in ends} == {n: datetime(*end, tzinfo=UTC) for n, end in ends.items()}
    assert end_of("earlier") == datetime(2005, 1, 1, tzinfo=UTC)
    assert [end_of(name) for name in ("2026-13", "2026-02-30", "000001", "later", "")] == [None] * 5


def _fields(kind: Any) -> dict[str, Any]:
    """The fields of a struct as nested dicts; a leaf is None."""
    out: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        options = typing.get_args(field.type) if isinstance(field.type, types.UnionType) else (field.type,)
        struct = next((o for o in options if isinstance(o, type) and issubclass(o, msgspec.Struct)), None)
        out[field.encode_name] = None if struct is None else _fields(struct)
    return out


def _mapped(properties: dict[str, Any], fields: dict[str, Any], path: str = "") -> list[str]:
    """Paths of fields that a strict mapping would refuse."""
    missing = []
    for name, inner in fields.items():
        mapping = properties.get(name)
        if mapping is None:
            missing.append(path + name)
        elif inner is not None and mapping.get("enabled", True):
            missing += _mapped(mapping["properties"], inner, f"{path}{name}.")
    return missing


@pytest.mark.parametrize(
    ("template", "kind"),
    [
        ("mentions", Mention),
        ("mentions", MentionDeleted),
        ("incidents", IncidentEvent),
        ("dead-letters", DeadLetter),
    ],
)
def test_every_field_of_a_message_is_mapped(template: str, kind: type) -> None:
    mappings = json.loads((TEMPLATES / f"{template}.json").read_text())["template"]["mappings"]
    assert mappings["dynamic"] == "strict"
    assert _mapped(mappings["properties"], _fields(kind)) == []


@pytest.fixture
def settings(real_elasticsearch: RealElasticsearch, unique_name: Any) -> IndexSettings:
    server = real_elasticsearch
    return IndexSettings(
        url=server.url,
        username=server.username,
        password=server.password,  # type: ignore[arg-type]
        prefix=unique_name("index"),
        slice="day",
    )


@pytest.mark.real
async def test_the_server_refuses_one_document_and_takes_the_others(settings: IndexSettings) -> None:
    index = ElasticIndex(settings)
    bad = incident("bad", counts=Counts(mentions=2**70, negative=0, authors=0, expected=0.0))
    result = await index.write([mention(), bad, incident("good"), letter()])
    assert [refused.document for refused in result.refused] == [bad]
    assert "mentions" in result.refused[0].reason
    await index.refresh()
    assert await index.count() == 1
    assert [i.incident_id for i in await index.incidents()] == ["good"]
    await index.remove()
    await index.close()


@pytest.mark.real
@pytest.mark.parametrize(
    ("hinders", "mends"),
    [({"index.blocks.write": True}, {"index.blocks.write": None}), ({"index.blocks.read_only": True}, None)],
)
async def test_an_index_that_is_blocked_holds_documents_and_buries_none(
    settings: IndexSettings, hinders: dict[str, Any], mends: dict[str, Any] | None
) -> None:
    index = ElasticIndex(settings, pauses=())
    await index.write([mention("net:1")])
    slices = f"{settings.prefix}-mentions-*"
    await index._client.indices.put_settings(index=slices, settings=hinders)
    with pytest.raises(TransientError, match="block"):
        await index.write([mention("net:2"), mention("net:3")])
    mended = mends or dict.fromkeys(hinders)
    await index._client.indices.put_settings(index=slices, settings=mended)
    assert (await index.write([mention("net:2"), mention("net:3")])).refused == []
    await index.refresh()
    assert await index.count() == 3
    await index.remove()
    await index.close()


@pytest.mark.real
async def test_a_document_that_spoils_the_whole_request_is_refused_alone(settings: IndexSettings) -> None:
    """The server answers 400 to all of it; the probe says that it is not the index."""
    index = ElasticIndex(settings, pauses=())
    await index.write([mention("net:1")])
    names = await index._client.indices.get_alias(index=f"{settings.prefix}-mentions-*")
    (target,) = names.body
    good = [Action(target, f"good-{number}", 2, b"{}") for number in range(4)]
    spoilt = Action(target, "spoilt", 2, b'{"a":1}\n{"no action":1}')
    refused = await index._bulk.write([*good[:2], spoilt, *good[2:]])
    assert [refusal.action for refusal in refused] == [spoilt]
    await index.remove()
    await index.close()


@pytest.mark.real
async def test_the_first_write_sets_up_and_setup_keeps_what_is_there(settings: IndexSettings) -> None:
    index = ElasticIndex(settings)
    await index.write(
        [mention("net:1"), mention("net:2", created_at=NOON + timedelta(days=1)), post_deleted("net:9", minutes=1440)]
    )
    again = ElasticIndex(settings)
    await again.setup()
    await again.refresh()
    assert await again.count() == 2
    assert await again.expire(NOON + timedelta(days=1)) == 1  # one day's slice
    assert await again.count() == 1
    assert (await again.write([mention("net:9", version=2)])).taken_back  # a deletion of the day that stands
    await again.write([mention("net:1")])  # the slice is made again
    await again.refresh()
    assert await again.count() == 2
    await again.remove()
    for one in (index, again):
        await one.close()


@pytest.mark.real
async def test_two_workers_may_write_and_delete_at_once(settings: IndexSettings) -> None:
    """Whichever comes first, the mention or its deletion, the mention is gone in the end."""
    one, other = ElasticIndex(settings), ElasticIndex(settings)
    await one.setup()
    posts = [f"net:{n}" for n in range(60)]
    # as workers do: a new index may not answer at once
    again = retry(retry=retry_if_exception_type(TransientError), wait=wait_fixed(0.2), stop=stop_after_attempt(50))
    results = await asyncio.gather(
        *(again(one.write)([mention(post) for post in posts[n : n + 10]]) for n in range(0, 60, 10)),
        *(again(other.write)([post_deleted(post) for post in posts[n : n + 10]]) for n in range(0, 60, 10)),
    )
    await one.refresh()
    assert await one.count() == 0
    told = {m.post_id for result in results for m in result.taken_back}
    assert told == set(posts)
    await one.remove()
    for index in (one, other):
        await index.close()


@pytest.mark.real
async def test_wrong_password_names_the_setting(settings: IndexSettings) -> None:
    wrong = settings.model_copy(update={"password": type(settings.password)("wrong")})
    index = ElasticIndex(wrong)
    with pytest.raises(TerminalError, match=r"index\.password"):
        await index.count()
    await index.close()
