"""Clean-up, folding and fingerprints."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.fingerprint import fingerprint
from pipeline.text.clean import clean, compact, excerpt, fold, without_quotes


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
        ("l’humanitÃ© est là, closed ðŸ˜¡", "l’humanité est là, closed 😡"),
        ("â€œsoonâ€\x9d is no answer", "“soon” is no answer"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),
        ("SÃO PAULO, ÂNGELA", "SÃO PAULO, ÂNGELA"),
        ("&amp;amp; twice, &#39;so&#x27;", "& twice, 'so'"),
        ("AT&amp;T &lt;3", "AT&T <3"),
        ("<script>alert(1)</script> hi <style>p {}</style><!-- no -->you", "hi you"),
        ("RT @one: RT @two: lost bag", "lost bag"),
        ("rt @one lost bag", "lost bag"),
        ("𝐁𝐨𝐲𝐜𝐨𝐭𝐭 Ａｃｍｅ Ⓝⓞⓦ", "Boycott Acme Now"),
        ("Z̷̢a̶l̴g̵o̷̢ is here", "Zalgo is here"),
        ("ph\u01a1\u0309 b\u1ecf, caf\u0065\u0301", "phở bỏ, café"),
        ("👨\u200d👩\u200d👧 👍🏽 🇩🇪", "👨👩👧 👍🏽 🇩🇪"),
        ("❤️ it", "❤️ it"),
        ("#BoycottAcme @acme $ACM", "#BoycottAcme @acme $ACM"),
        ("see www.example.com/x and HTTP://EXAMPLE.COM", "see http and http"),
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


@pytest.mark.parametrize(
    ("text", "words", "own"),
    [
        ("> they said sorry\nnot good enough", "", "not good enough"),
        ("> Acme said sorry\nnot good enough", "Acme", "> Acme said sorry not good enough"),
        ("&gt; they said sorry\nAcme lies", "Acme", "Acme lies"),
        ("<blockquote>they\nsaid sorry</blockquote> Acme lies", "Acme", "Acme lies"),
        ("[quote=bob]they\nsaid sorry[/quote] Acme lies", "Acme", "Acme lies"),
        ("Acme lies RT @bob: they said sorry", "Acme", "Acme lies"),
        ("so true RT @bob: Acme lies", "Acme", "so true RT @bob: Acme lies"),
        ("RT @bob: they said sorry", "", "they said sorry"),
        ("> they said sorry", "", "> they said sorry"),
        (">:( Acme", "Acme", ">:( Acme"),
        (">5 hours with Acme", "Acme", ">5 hours with Acme"),
        ('he said "sorry" to Acme', "Acme", 'he said "sorry" to Acme'),
    ],
)
def test_the_authors_own_words_are_read(text: str, words: str, own: str) -> None:
    at = text.find(words)
    spans = [(at, at + len(words))] if words else []
    blanked = without_quotes(text, spans)
    assert len(blanked) == len(text)
    assert clean(blanked) == own


@given(st.text("> \n@:RTa[quote]/<bl>"), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_quotes_of_any_text(text: str, spans: list[tuple[int, int]]) -> None:
    assert len(without_quotes(text, spans)) == len(text)


@pytest.mark.parametrize(
    "piece", ["<script>", "<!--", "<blockquote>", "[quote]", "RT @a: ", "&gt;", "<p ", "Ã©", "&#39;", "e\u0301"]
)
def test_hostile_texts_take_no_long_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.process_time()
    clean(excerpt(without_quotes(text, [(3, 5)]), [(3, 5)]))
    fold(text[:20_000])
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my L&#39;Oréal", "l'oreal"),
        ("NestlÃ© is", "nestle"),
        ("Wendyâ€™s is", "wendy's"),
        ("x McDonald&rsquo;s y", "mcdonald's"),
    ],
)
def test_a_broken_name_is_found_where_it_stands(text: str, name: str) -> None:
    folded = fold(text)
    at = folded.text.index(name)
    left, right = folded.span(at, at + len(name))
    assert fold(text[left:right]).text == name
    assert " " not in text[left:right]


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
