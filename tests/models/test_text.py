"""The clean-up of texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import normalise, same_text_key


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("@AppleSupport help", "@user help"),
        ("thanks @anna.bsky.social!", "thanks @user!"),
        ("@delta-worst airline", "@user-worst airline"),
        ("ask @bob@social.example now", "ask @user now"),
        ("mail me at a@b.example", "mail me at a@b.example"),
        ("see https://t.example/xyz?q=1 now", "see http now"),
        ("WWW.Example.com is down", "http is down"),
        ("A &amp; B &lt;3", "A & B <3"),
        ("don\\u2019t", "don’t"),
        ("\\ud83d\\ude21", "pouting face"),
        ("so angry 😡", "so angry pouting face"),
        ("👍🏽", "thumbs up"),
        ('he said ""no""', 'he said "no"'),
        ("a\n\n\tb  c", "a b c"),
        ("", ""),
    ],
)
def test_clean_up(text: str, cleaned: str) -> None:
    assert normalise(text) == cleaned


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_any_string_becomes_valid_unicode(text: str) -> None:
    cleaned = normalise(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


def test_repeats_are_found_across_mentions_links_and_case() -> None:
    assert same_text_key("@bob Nice DAY! https://a.example/1") == same_text_key("@anna nice day http")
    assert same_text_key("nice day") != same_text_key("nice night")
