"""Copied texts: many accounts with one accusation, changed a little each time so that it shall not be one."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

import pytest

from tests.attacks.crises import ordinary, words
from tests.attacks.crowds import posts, thread
from tests.attacks.verdict import assert_not_paged, paged

TEXT = "Acme dumps its waste in our bay and pays the papers to be silent, so copy this before they delete it all"
SHORT = "Acme is a disgrace and everybody should leave"
_LATIN, _CYRILLIC = "aeopcx", "аеорсх"
LOOKALIKES = str.maketrans(_LATIN, _CYRILLIC)


def same(text: str, rng: random.Random) -> str:
    return text


def emoji(text: str, rng: random.Random) -> str:
    return f"{text} {''.join(rng.sample('😀😡🔥💩🤬👎💥🚨', 3))}"


def numbers(text: str, rng: random.Random) -> str:
    return f"{text} {rng.randrange(10_000)}"


def invisible(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice("\u200b\u200d\u2060\ufeff\u00ad") + text[place:]


def shuffled(text: str, rng: random.Random) -> str:
    return " ".join(rng.sample(text.split(), len(text.split())))


def homoglyphs(text: str, rng: random.Random) -> str:
    return "".join(c.translate(LOOKALIKES) if rng.random() < 0.3 else c for c in text)


def one_character(text: str, rng: random.Random) -> str:
    place = rng.choice([n for n, c in enumerate(text) if c.isalpha()])
    return text[:place] + rng.choice(string.ascii_lowercase) + text[place + 1 :]


def one_word_more(text: str, rng: random.Random) -> str:
    return f"{text} {words(rng, 1)}"


def one_word_changed(text: str, rng: random.Random) -> str:
    said = text.split()
    said[rng.randrange(len(said))] = words(rng, 1)
    return " ".join(said)


Change = Callable[[str, random.Random], str]
CHANGES: tuple[Change, ...] = (same, emoji, numbers, invisible, shuffled, homoglyphs)
EDITS: tuple[Change, ...] = (one_character, one_word_more, one_word_changed)


@pytest.mark.parametrize("accounts", [20, 80, 400])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("text", [TEXT, SHORT], ids=["long", "short"])
def test_what_is_no_word_changes_no_copy(text: str, change: Change, accounts: int) -> None:
    for crowd in (posts, thread):
        assert_not_paged(paged(ordinary(), crowd(accounts, text=lambda rng: change(text, rng))))


@pytest.mark.parametrize("accounts", [20, 40, 80, 150, 400])
@pytest.mark.parametrize("change", EDITS)
def test_one_word_of_a_long_text_makes_no_words_of_their_own(change: Change, accounts: int) -> None:
    """Eighty copies with one letter changed were a crisis of severity 3."""
    for crowd in (posts, thread):
        assert_not_paged(paged(ordinary(), crowd(accounts, text=lambda rng: change(TEXT, rng))), severity=3)


@pytest.mark.parametrize("accounts", [20, 80])
def test_a_word_of_a_short_text_does(accounts: int) -> None:
    """The bound: in a short text people share most of the words by chance."""
    verdict = paged(ordinary(), posts(accounts, text=lambda rng: one_word_changed(SHORT, rng)))
    assert verdict is not None
    assert verdict.stands


def test_so_do_three_words_of_a_long_one() -> None:
    """The bound: so much is a text of one's own, for all that anybody can say."""
    changed = lambda rng: one_word_changed(one_word_changed(one_word_changed(TEXT, rng), rng), rng)  # noqa: E731
    verdict = paged(ordinary(), posts(150, text=changed))
    assert verdict is not None
    assert verdict.stands
