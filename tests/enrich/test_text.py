"""Clean-up, folding and fingerprints."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.fingerprint import fingerprint
from pipeline.enrich.text import clean, compact, excerpt, fold


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("plain words", "plain words"),
        ("<p>so <b>slow</b> &amp; rude</p><p>again</p>", "so slow & rude again"),
        ("one<br>two", "one two"),
        ("I <3 this, 2 < 3 > 1", "I <3 this, 2 < 3 > 1"),
        ("&lt;b&gt; is a tag", "<b> is a tag"),
        ("see https://example.com/a?b=c now", "see http now"),
        ("RT @someone: they lost my bag", "they lost my bag"),
        ("zero\u200bwidth\u200d and \ufeffmark", "zerowidth and mark"),
        ("right\u202eto left", "rightto left"),
        ("donâ€™t fly with them", "don’t fly with them"),
        ("cafÃ© was closed", "café was closed"),
        ("Ã la carte café", "Ã la carte café"),
        ("noooooooooooo way!!!!!!!!!!!!", "noooo way!!!!"),
        ("line\nbreak\r\n\ttab", "line break tab"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("half \ud83d pair", "half ? pair"),
        ("emoji 😡😡 stay", "emoji 😡😡 stay"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_the_model_reads(raw: str, read: str) -> None:
    assert clean(raw) == read


def test_clean_is_bounded() -> None:
    assert len(clean("word " * 50_000)) <= 600


@given(st.text())
def test_clean_takes_any_text(text: str) -> None:
    read = clean(text)
    assert len(read) <= 600
    assert "\n" not in read
    read.encode("utf-8")


@given(st.text())
def test_fold_keeps_places(text: str) -> None:
    folded = fold(text)
    for i in range(len(folded.text)):
        left, right = folded.span(i, i + 1)
        assert 0 <= left < right <= len(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("DELTA", "delta"), ("ｄｅｌｔａ", "delta"), ("Café", "cafe"), ("McDonald’s", "mcdonald's"), ("a\u200bb", "ab")],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text).text == folded


def test_decomposed_accents_fold_alike() -> None:
    assert fold(unicodedata.normalize("NFD", "Nestlé")).text == fold("Nestlé").text == "nestle"


def test_compact_joins_what_people_part() -> None:
    assert compact("T-Mobile") == compact("t mobile") == compact("TMobile") == "tmobile"


def test_a_long_text_is_read_around_the_span() -> None:
    text = "filler words " * 200 + "Acme Air lost my bag " + "more filler " * 200
    at = text.index("Acme Air")
    part = excerpt(text, [(at, at + 8)])
    assert "Acme Air lost my bag" in part
    assert len(part) <= 700


COMPLAINT = (
    "Acme Air cancelled our flight to Oslo twice and nobody at the desk would tell us when the next plane leaves"
)


@pytest.mark.parametrize(
    "copy",
    [
        COMPLAINT + " 😡😡😡",
        COMPLAINT.upper(),
        "@AcmeAir @friend " + COMPLAINT,
        COMPLAINT + " https://example.com/xyz",
        COMPLAINT.replace(",", "").replace(" ", "  ") + "!!!",
        COMPLAINT.replace("cancelled", "canceeelled"),
        "RT @other: " + COMPLAINT,
    ],
)
def test_copies_share_a_fingerprint(copy: str) -> None:
    assert fingerprint(copy) == fingerprint(COMPLAINT) is not None


def test_other_words_have_another_fingerprint() -> None:
    other = "Acme Air staff at the desk were lovely when our plane to Oslo left two hours early this time round"
    assert fingerprint(other) != fingerprint(COMPLAINT)


def test_too_few_words_have_none() -> None:
    assert fingerprint("same here!!") is None


@given(st.text())
def test_fingerprint_takes_any_text(text: str) -> None:
    value = fingerprint(text)
    assert value is None or len(value) == 16
