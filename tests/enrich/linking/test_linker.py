"""Whom posts are about, with the shipped catalogue and texts of our own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.enrich.catalogue import Catalogue, Entity
from pipeline.enrich.linking.handles import split_hashtag, undecorate
from pipeline.enrich.linking.linker import MAX_LINKS, Linker
from pipeline.enrich.linking.log_odds import at
from pipeline.enrich.linking.reader import MOST, Question
from pipeline.enrich.spelling.names import Kind


def names(linker: Linker, text: str, network: str = "twitter") -> set[str]:
    return {one.entity.name for one in linker.link(text, network)}


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("@AppleSupport my phone is dead", "Apple"),
        (".@Delta three hours on the tarmac", "Delta Air Lines"),
        ("thanks @British_Airways for nothing", "British Airways"),
        ("@TMobileHelp no bars", "T-Mobile US"),
        ("@comcastcares still waiting", "Comcast"),
        ("hey @AskTarget where is my order", "Target"),
        ("@VodafoneHelpTeam cut off again", "Vodafone"),
        ("@Ryanair_Cares any news", "Ryanair"),
        ("@marksandspencer the sandwich was stale", "Marks & Spencer"),
        ("@nationalrailenq is the 8:15 running", "National Rail"),
        ("my iphone battery dies at noon", "Apple"),
        ("M&amp;S moved the bread again", "Marks & Spencer"),
        ("mcdonald’s ice cream machine is broken, again", "McDonald's"),
        ("MCDONALDS FORGOT MY FRIES", "McDonald's"),
        ("ｒｙａｎａｉｒ charged me for a bag", "Ryanair"),
        ("t mobile has no signal here", "T-Mobile US"),
        ("#BoycottRyanair after today", "Ryanair"),
        ("never again #boycottdelta", "Delta Air Lines"),
        ("#starbucksfail cold coffee twice", "Starbucks"),
        ("sold all my $NFLX today", "Netflix"),
        ("Delta lost my luggage at the airport", "Delta Air Lines"),
        ("we went to target and the cashier ignored us", "Target"),
        ("The store manager at Target was rude", "Target"),
        ("my visa card got declined twice", "Visa"),
        ("Chase closed my checking account for no reason", "Chase"),
        ("Sprint dropped the call, no signal, second phone", "Sprint"),
        ("UPS lost my package", "UPS"),
        ("apple should fix this ios bug", "Apple"),
        ("shell gas station overcharged me", "Shell"),
        ("https://www.delta.com/baggage says something else", "Delta Air Lines"),
        ("Council to close nine libraries | Guardian https://example.com/a", "The Guardian"),
        ("Council to close nine libraries (Guardian)", "The Guardian"),
        ("Zara removes a jumper after a row over its slogan", "Zara"),
        ("Head of design leaves Mulberry after ten years", "Mulberry"),
        ("two sandwiches for £3 in boots, yes please", "Boots"),
        ("the bonus pot at RBS is a disgrace", "Royal Bank of Scotland"),
        ("Orange to cut 2,000 jobs in France, says its boss", "Orange"),
        ("the bath bombs from Lush make me sneeze", "Lush"),
        ("my new Ducati sounds like a tractor", "Ducati"),
    ],
)
def test_links(linker: Linker, text: str, company: str) -> None:
    assert company in names(linker, text)


@pytest.mark.parametrize(
    "text",
    [
        "good morning everyone, have a nice day",
        "the target audience is young",
        "we have to target the right people",
        "mind the gap between the train and the platform",
        "the gender pay gap is real",
        "I ate an apple pie",
        "an apple a day keeps the doctor away",
        "the shell of an egg",
        "a beach with a pretty shell on it",
        "I need a visa to go to India",
        "chase the dream",
        "the police had to chase him",
        "sprint to the finish line",
        "the subway station is closed",
        "orange juice is nice",
        "life has its ups and downs",
        "the amazon rainforest is burning",
        "the river delta floods every spring",
        "Wendy is my friend",
        "boots are made for walking",
        "mail me at someone@delta.com.example",
        "@someone_else hello there",
        "#MondayMotivation get up",
        "Sinead O'Connor sang it better",
        "Sorry for the wait, we are on it. - Emma",
        "Please send us the number of your order. ^HP",
        "I have passed it on to the store. *SC https://example.com/x",
        "Best seat at the gig went to Marcus Bentley",
        "Zara Phillips rides again on Sunday",
        "we spent a rainy week in Zurich",
        "found this jacket on Camden market",
        "the guardian of the bridge let us pass",
        "Halifax mayor opens the new harbour bridge",
        "all the pork and beef we had at the bbq",
        "",
    ],
)
def test_nobody(linker: Linker, text: str) -> None:
    assert names(linker, text) == set()


def test_two_companies_in_one_post(linker: Linker) -> None:
    assert names(linker, "switched from Verizon to T-Mobile and both are awful") == {"Verizon", "T-Mobile US"}


def test_the_longest_name_wins(linker: Linker) -> None:
    [one] = linker.link("American Airlines lost my bag")
    assert (one.entity.name, one.surface) == ("American Airlines", "American Airlines")


def test_how_it_was_recognised(linker: Linker) -> None:
    assert linker.link("@AppleSupport help")[0].how == "handle"
    assert linker.link("#BoycottRyanair")[0].how == "hashtag"
    assert linker.link("my macbook is slow")[0].how == "product"
    assert linker.link("Ryanair is late")[0].how == "name"


def test_a_certain_name_speaks_for_a_doubtful_one(linker: Linker) -> None:
    considered = linker.consider("my iphone broke and apple does not care")
    assert [one.entity.name for one in considered if one.linked] == ["Apple"]


def test_what_was_left_out_can_be_seen(linker: Linker) -> None:
    [one] = [c for c in linker.consider("the target audience is young") if c.entity.name == "Target"]
    assert not one.linked
    assert one.confidence < 0.5


def test_own_accounts(linker: Linker) -> None:
    owner = linker.owner("AppleSupport")
    assert owner is not None
    assert owner.name == "Apple"
    assert linker.owner("AppleSupportFan") is None
    assert linker.owner(None) is None
    assert linker.owner("AppleSupport", "bluesky") is None


def test_a_domain_is_a_handle_where_networks_have_such(linker: Linker) -> None:
    assert names(linker, "@delta.com where is my bag", "bluesky") == {"Delta Air Lines"}


def test_a_private_handle_with_a_brand_in_it_is_nobody(linker: Linker) -> None:
    assert names(linker, "@applepie_lover and @targetpractice99 hello") == set()


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_text_and_spans_inside_it(linker: Linker, text: str) -> None:
    for one in linker.consider(text):
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end] == one.surface
        assert 0.0 <= one.confidence <= 1.0


_PIECES = st.sampled_from(
    ["@AppleSupport", "#BoycottDelta", "delta", "Target", "İstanbul", "ﬁ", "\u0301", "\u200b", "’s", "M&amp;S", " ",
     ".", "@", "#", "$AAPL", "https://delta.com/", "ß", "e\u0301", "Ａｐｐｌｅ", "😡", "\n", "_", "-", "\U0001d49c"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_spans_of_odd_mixtures(linker: Linker, text: str) -> None:
    considered = linker.consider(text)
    assert [text[c.start : c.end] for c in considered] == [c.surface for c in considered]
    assert considered == linker.consider(text)


def test_links_are_bounded() -> None:
    many = {f"e{i}": Entity(id=f"e{i}", name=f"Zorbex{i}") for i in range(100)}
    text = " ".join(entity.name for entity in many.values())
    assert len(Linker(Catalogue(entities=many)).link(text)) == MAX_LINKS


def test_an_empty_catalogue_links_nobody() -> None:
    assert Linker(Catalogue(entities={})).link("@Delta Delta #Delta") == []


@pytest.mark.parametrize(
    ("handle", "name", "service"),
    [
        ("AcmeSupport", "acme", True),
        ("AskAcme", "acme", True),
        ("ACME_Help", "acme", True),
        ("acmecares", "acme", True),
        ("Acme_UK", "acme", False),
        ("TheOfficialAcme", "acme", False),
        ("AcmeUKHelp", "acme", True),
        ("acme", "acme", False),
    ],
)
def test_decorations(handle: str, name: str, service: bool) -> None:
    left = undecorate(handle, {"acme", "acmeair"})
    assert left is not None
    assert (left.name, left.service) == (name, service)


@pytest.mark.parametrize("handle", ["acmefan92", "x", "", "help", "___", "thesupport"])
def test_no_name_left(handle: str) -> None:
    assert undecorate(handle, {"acme"}) is None


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("BoycottAcmeAir", ["acmeair"]),
        ("boycottacmeair", ["acmeair"]),
        ("AcmeAir", ["acmeair"]),
        ("acmeairfail", ["acmeair"]),
        ("acme_air_sucks", ["acmeair"]),
        ("AcmeVsZorbex", ["acme", "zorbex"]),
        ("MondayMood", []),
        ("macmediary", []),
    ],
)
def test_hashtags(tag: str, found: list[str]) -> None:
    assert [one.name for one in split_hashtag(tag, {"acme", "acmeair", "zorbex"})] == found


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("amazon never sent my package", True),
        ("the amazon rainforest is on fire", False),
        ("Facebook was fined again", True),
        ("posted it on facebook yesterday", False),
        ("Lost in the new Richard Ford novel", False),
        ("my Ford broke down, the dealer would not fix the engine", True),
        ("Karlo and Costa Rica in one trip", False),
        ("Zara store closes in town", True),
        ("Zara's little sister got married", False),
        ("Henry Ford was no kind man", False),
        ("next week we are three people", False),
        ("#Home from school", False),
        ("@gmcuk consultation closes on friday", False),
    ],
)
def test_what_stands_beside_a_name_counts(linker: Linker, text: str, linked: bool) -> None:
    assert bool(names(linker, text)) is linked


class Sure:
    """A reader that says the same of everything, and remembers what it was asked."""

    def __init__(self, nats: float) -> None:
        self.value = nats
        self.asked: list[Question] = []

    def nats(self, questions: Sequence[Question]) -> list[float]:
        self.asked += questions
        return [self.value for _ in questions]


def test_a_reader_of_the_whole_post_can_turn_a_doubtful_name(linker: Linker) -> None:
    text = "somebody told me about target"
    assert names(Linker(linker.catalogue, Sure(9.0)), text) == {"Target"}
    assert names(Linker(linker.catalogue, Sure(-9.0)), text) == set()
    assert names(Linker(linker.catalogue, Sure(0.0)), text) == names(linker, text)


def test_a_reader_is_asked_only_where_there_is_doubt(linker: Linker) -> None:
    reader = Sure(-9.0)
    text = "@AppleSupport who gave shell an award, and my iphone, and chase the dream"
    assert names(Linker(linker.catalogue, reader), text) == {"Apple"}
    assert [q.entity.name for q in reader.asked] == ["Shell"]
    assert [text[q.start : q.end] for q in reader.asked] == ["shell"]
    considered = {one.entity.name: one for one in linker.consider(text)}
    assert considered["Chase"].score < at(Kind.COMMON) - MOST


def test_where_something_was_shared_from_is_not_whom_it_is_about(linker: Linker) -> None:
    assert names(linker, "funny cats via @YouTube") == set()
    assert names(linker, "@YouTube fix your app") == {"YouTube"}


def test_what_a_reader_said_can_be_seen(linker: Linker) -> None:
    [one] = Linker(linker.catalogue, Sure(0.7)).consider("somebody told me about target")
    [before] = linker.consider("somebody told me about target")
    assert one.read == 0.7
    assert one.score == pytest.approx(before.score + 0.7)
    assert before.read == 0.0
