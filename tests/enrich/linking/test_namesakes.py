"""Persons, buildings and contests that bear a company's name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.linking.namesakes import GIVEN, is_namesake
from pipeline.enrich.spelling.names import Kind, kind_of


def names(linker: Linker, text: str) -> set[str]:
    return {link.entity.name for link in linker.link(text)}


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("The company's chief executive Tim Cook said sorry on Friday", "Cook"),
        ("Just saw Michael Dyson hit a homer off the bench", "Dyson"),
        ("The architect (James Dyson) was there", "Dyson"),
        ("first of all:\nJames Dyson", "Dyson"),
        ("The boss Neil Cox speaks at the lunch tomorrow", "Cox Communications"),
        ("Two tickets for Friday's concert at Toyota Stadium", "Toyota"),
        ("two tickets for friday at american airlines arena", "American Airlines"),
        ("Doors open at seven at the Comcast Center tonight", "Comcast"),
        ("He lost to a qualifier in the BNP Paribas Open at Indian Wells", "BNP Paribas"),
        ("She shot a 64 in the first round of the Honda Classic", "Honda"),
        ("Going to see Sam Smith sing tomorrow, cannot wait", "Samuel Smith Old Brewery"),
        ("I got a 99 in stats so it's Gucci", "Gucci"),
        ("happy first birthday Bentley, we love you", "Bentley"),
        ("Concert tomorrow at Gillette, who has tickets?", "Procter & Gamble"),
        ("Bayern away to Bayer Leverkusen on Saturday", "Bayer"),
        ("United were poor in midfield and lost the match", "United Airlines"),
        ("meet me in the coffee shop at nine", "The Coffee"),
    ],
)
def test_bears_the_name_and_is_another(linker: Linker, text: str, company: str) -> None:
    assert company not in names(linker, text)


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("My Dyson broke after a week", "Dyson"),
        ("Cox has been down all morning, no internet at all", "Cox Communications"),
        ("My Toyota needs a new engine", "Toyota"),
        ("The Verizon store on Center Street overcharged me", "Verizon"),
        ("Apple opens to mixed reviews", "Apple"),
        ("Pint of bitter in a Sam Smith pub, lovely old brewery", "Samuel Smith Old Brewery"),
        ("Paid a fortune for a Gucci bag and the zip is broken", "Gucci"),
        ("Bentley recalls 500 cars over a faulty engine", "Bentley"),
        ("This Gillette razor cut me to pieces", "Procter & Gamble"),
        ("Disney Park prices are a joke", "Disney"),
        ("United lost my luggage and the flight was late", "United Airlines"),
        ("dear Tim, Starbucks closed early again", "Starbucks"),
        ("Sprint Center of excellence? Sprint keeps dropping my calls", "Sprint"),
    ],
)
def test_is_the_company(linker: Linker, text: str, company: str) -> None:
    assert company in names(linker, text)


def test_the_name_of_a_person_needs_more_than_a_capital() -> None:
    """A second meaning that is a person's name does not make a name an ordinary word, for which a capital says much."""
    assert kind_of("bentley") is Kind.NAME


def test_an_article_does_not_make_a_word_a_name() -> None:
    assert kind_of("the coffee") is kind_of("coffee") is kind_of("&coffee") is Kind.COMMON
    assert kind_of("the body shop") is Kind.PHRASE


def test_given_names_are_no_words_that_open_a_sentence() -> None:
    assert GIVEN.isdisjoint({"will", "may", "mark", "bill", "rob", "pat", "sue", "grace", "hope", "jordan", "paris"})


@given(st.text(max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_any_text_and_place(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    assert is_namesake(text, start, end, ("retail",)) in (True, False)


@pytest.mark.parametrize(
    ("tag", "company"),
    [("#MS13", "Marks & Spencer"), ("#DoubleStandardDEMs", "Marks & Spencer"), ("#covermodels", "Tesla")],
)
def test_what_is_left_of_a_name_without_its_signs_may_be_another_word(linker: Linker, tag: str, company: str) -> None:
    assert company not in names(linker, f"what a day {tag}")
    assert "Marks & Spencer" in names(linker, "what a day #MandS")
