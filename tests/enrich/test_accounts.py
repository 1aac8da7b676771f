"""Whose account an author's is."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from pipeline.contracts.mentions import Mention, MentionDeleted
from pipeline.contracts.posts import Author
from pipeline.enrich.accounts import Accounts
from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import post, records, reply
from tests.support.scorers import FixedScorer

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


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_who_answers_the_company_speaks_to_it_whomever_else_they_name(
    accounts: Accounts, order: tuple[int, ...]
) -> None:
    stage = Enrich(accounts.linker, FixedScorer())
    thread = [
        post(1, "where is my parcel, Zorbex?"),
        reply(2, "Who was to bring it?", 1, 1, author=Author("t:2", "Zorbex")),
        reply(3, "Quillomat, they said", 2, 1),
    ]
    told = stage.handle(records([thread[at] for at in order]), State(MemoryStore(), stage.codec)).publish
    final: dict[tuple[str, str], tuple[str, str]] = {}
    for outgoing in told:
        m = msgspec.json.decode(outgoing.value, type=Mention | MentionDeleted)
        if isinstance(m, Mention):
            final[m.post_id, m.entity.id] = (m.link.how, m.author_role)
        else:
            del final[m.post_id, m.entity.id]
    assert final == {
        ("twitter:1", "zorbex"): ("name", "public"),
        ("twitter:2", "zorbex"): ("inherited", "own"),
        ("twitter:3", "quill"): ("name", "public"),
        ("twitter:3", "zorbex"): ("inherited", "public"),
    }


def test_who_answers_the_press_does_not_speak_to_it(accounts: Accounts) -> None:
    stage = Enrich(accounts.linker, FixedScorer())
    thread = [post(1, "Zorbex is bad", author=Author("t:3", "MottHerald")), reply(2, "Quillomat as well", 1, 1)]
    told = stage.handle(records(thread), State(MemoryStore(), stage.codec)).publish
    mentions = [msgspec.json.decode(outgoing.value, type=Mention) for outgoing in told]
    assert [m.entity.id for m in mentions if m.post_id == "twitter:2"] == ["quill"]
