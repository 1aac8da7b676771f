"""Whose account an author's is."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.enrich.accounts import Accounts
from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.messages import Author, Mention
from pipeline.state import MemoryStore, State
from tests.enrich.conftest import FixedScorer, post, records, reply

ENTITIES = (
    Entity(id="group", name="Zorbex Group"),
    Entity(
        id="zorbex",
        name="Zorbex",
        parent="group",
        handles={"twitter": ("Zorbex", "ZorbexUK"), "bluesky": ("zorbex.example", "did:plc:zorbex1")},
        sites=("zorbex.example",),
    ),
    Entity(id="lite", name="Zorbex Lite", parent="zorbex", handles={"twitter": ("ZorbexLite",)}),
    Entity(id="quill", name="Quillomat", handles={"twitter": ("Quillomat",)}),
    Entity(id="herald", name="Mottling Herald", role="press", handles={"twitter": ("MottHerald",)},
           sites=("mottherald.example",)),
    Entity(id="chirp", name="Chirpa", industry=("social",), sites=("chirpa.example",)),
)  # fmt: skip


@pytest.fixture(scope="module")
def accounts() -> Accounts:
    return Accounts(Linker(Catalogue(entities={entity.id: entity for entity in ENTITIES})))


@pytest.mark.parametrize(
    ("handle", "network", "entity", "role"),
    [
        ("Zorbex", "twitter", "zorbex", "own"),
        ("@zorbexuk", "twitter", "zorbex", "own"),
        ("Zorbex", "twitter", "lite", "own"),  # the parent speaks
        ("ZorbexLite", "twitter", "group", "own"),  # a subsidiary of a subsidiary speaks
        ("Zorbex", "twitter", "quill", "public"),
        ("zorbex.example", "bluesky", "zorbex", "own"),
        ("jane.zorbex.example", "bluesky", "zorbex", "own"),
        ("jane@social.zorbex.example", "mastodon", "zorbex", "own"),
        ("jane@zorbex.example", "mastodon", "quill", "public"),
        ("zorbex.bsky.social", "bluesky", "zorbex", "public"),
        ("zorbex.example.org", "bluesky", "zorbex", "public"),
        ("ZorbexHelpDesk", "twitter", "zorbex", "own"),
        ("AskQuillomat", "twitter", "quill", "own"),
        ("ZorbexFan", "twitter", "zorbex", "public"),
        ("ZorbexSucks", "twitter", "zorbex", "public"),
        ("helpme", "twitter", "zorbex", "public"),
        ("jane.chirpa.example", "chirpa", "chirp", "public"),  # a network lends names to everybody
        ("MottHerald", "twitter", "zorbex", "press"),
        ("jane@mottherald.example", "mastodon", "zorbex", "press"),
        ("MottHerald", "twitter", "herald", "own"),
        (None, "twitter", "zorbex", "public"),
    ],
)
def test_roles(accounts: Accounts, handle: str | None, network: str, entity: str, role: str) -> None:
    assert accounts.role(Author(f"{network}:1", handle), network, entity) == role


def test_a_permanent_id_is_as_good_as_a_handle(accounts: Accounts) -> None:
    assert accounts.role(Author("bluesky:did:plc:zorbex1"), "bluesky", "zorbex") == "own"
    assert accounts.role(Author("bluesky:did:plc:other"), "bluesky", "zorbex") == "public"


@pytest.mark.parametrize(
    "handle", ["", "@", "@@", ".", "a.b@", "@.", "/../", "x" * 500 + "help", "help" * 100, "ａ．ｂ", "\ud83d"]
)
def test_any_handle_is_taken(accounts: Accounts, handle: str) -> None:
    assert accounts.role(Author("t:1", handle), "twitter", "zorbex") == "public"


def test_staff_are_marked_but_do_not_speak_for_the_company(accounts: Accounts) -> None:
    stage = Enrich(accounts.linker, FixedScorer())
    staff, company = Author("t:1", "ZorbexHelpDesk"), Author("t:2", "Zorbex")
    told = stage.handle(
        records(
            [
                post(1, "what a lovely morning", author=staff),
                post(2, "what a lovely morning", author=company),
                post(3, "my Zorbex is bad"),
                reply(4, "Sorry to hear, send us a message", 3, 3, author=staff),
                post(5, "Zorbex is bad", author=Author("t:3", "MottHerald")),
            ]
        ),
        State(MemoryStore(), stage.codec),
    ).publish
    mentions = [msgspec.json.decode(outgoing.value, type=Mention) for outgoing in told]
    assert [(m.post_id, m.entity.id, m.author_role) for m in mentions] == [
        ("twitter:2", "zorbex", "own"),
        ("twitter:3", "zorbex", "public"),
        ("twitter:4", "zorbex", "own"),
        ("twitter:5", "zorbex", "press"),
        ("twitter:5", "herald", "own"),
    ]
