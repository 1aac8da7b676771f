"""Words of a text and of a query, and the forms of an English word that count as the same.

A word of a query stands for its regular forms (`suitcases` and `suitcase`, `cancelled` and `cancel`) and for some
irregular ones.  The forms are made when a query is read, so that every index, however old, gives the same answers.  The
list of ordinary words decides where a form could come of two (`rating` is of `rate`, not of `rat`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pipeline.text.common_words import ordinary

MAX_FORMS = 24
"""Forms of one word at most."""

_SOUGHT = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "So", "Co"))
_IN_WORDS = _SOUGHT | {"Mn", "Mc", "Me", "Pc"}
_category = unicodedata.category
_SINGLE = re.compile(
    "([\u2600-\u27bf\u2e80-\u2fdf\u3005-\u3007\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001f000-\U0001faff\U00020000-\U0003ffff])"
)
_ENGLISH = re.compile(r"[a-z]{3,24}")
_VOWEL = re.compile(r"[aeiouy]")
_SIBILANT = ("s", "x", "z", "ch", "sh")

_IRREGULAR = (
    "go goes went gone going",
    "lose loses lost losing", "break breaks broke broken breaking", "send sends sent sending",
    "pay pays paid paying", "come comes came coming", "take takes took taken taking", "buy buys bought buying",
    "get gets got gotten getting", "give gives gave given giving", "leave leaves left leaving",
    "keep keeps kept keeping", "tell tells told telling", "say says said saying", "steal steals stole stolen stealing",
    "find finds found finding", "hold holds held holding", "fly flies flew flown flying", "make makes made making",
    "sell sells sold selling", "speak speaks spoke spoken speaking", "write writes wrote written writing",
    "drive drives drove driven driving", "eat eats ate eaten eating", "feel feels felt feeling",
    "know knows knew known knowing", "see sees saw seen seeing", "think thinks thought thinking",
    "bring brings brought bringing", "catch catches caught catching", "choose chooses chose chosen choosing",
    "fall falls fell fallen falling", "forget forgets forgot forgotten forgetting", "hear hears heard hearing",
    "mean means meant meaning", "meet meets met meeting", "ride rides rode ridden riding",
    "run runs ran running", "sit sits sat sitting", "stand stands stood standing", "spend spends spent spending",
    "throw throws threw thrown throwing", "wake wakes woke woken waking", "wear wears wore worn wearing",
    "child children", "woman women", "man men", "foot feet", "tooth teeth", "person people", "mouse mice",
)  # fmt: skip
_TOGETHER = {word: tuple(line.split()) for line in _IRREGULAR for word in line.split()}


def words(text: str) -> list[str]:
    """The words of a text, as both indices cut them: at blanks and signs, not within ``don't``, ``v2.0`` or ``a_b``.

    Emoji are words; what holds neither letter, digit nor emoji is none.

    >>> words("Don't panic: flight AA-12 is late!")
    ["Don't", 'panic', 'flight', 'AA', '12', 'is', 'late']
    """
    spaced = "".join(sign if sign in "'’." or _category(sign) in _IN_WORDS else " " for sign in text)
    found = (word.strip("'’.") for word in spaced.split())
    return [word for word in found if any(_category(sign) in _SOUGHT for sign in word)]


def searchable(text: str) -> str:
    """Text as the full-text index reads it: emoji, Han and Hiragana characters are words of their own.

    Those scripts put no spaces between words; Elasticsearch's standard analyzer treats them in the same way.
    """
    text = text.replace("\0", " ")
    return text if text.isascii() else _SINGLE.sub(r" \1 ", text)


@lru_cache(maxsize=4_096)
def forms(word: str) -> tuple[str, ...]:
    """A word and its other forms, itself first, in small letters where it has any.

    >>> forms("suitcases")[:2]
    ('suitcases', 'suitcase')
    >>> "rat" in forms("rating"), "rate" in forms("rating")
    (False, True)
    >>> forms("AA12")
    ('AA12', "AA12's", 'AA12’s')
    """
    small = word.lower().removesuffix("'s").removesuffix("’s")
    found = [word if small == word.lower() else small]
    if _ENGLISH.fullmatch(small):
        for base in _TOGETHER.get(small, ()) or _bases(small):
            found += [base] if small in _TOGETHER else [base, *_inflected(base)]
    owners = [form for form in found[:2] if form[-1:].isalnum() and not form.endswith("s")]
    found += [f"{form}{sign}s" for form in owners for sign in "'’"]
    found += [found[0].replace("'", "’"), found[0].replace("’", "'")]
    return tuple(dict.fromkeys(found))[:MAX_FORMS]


def _bases(word: str) -> list[str]:
    """What a word can be a form of: the likely ones that are ordinary words, else whatever is regular."""
    known = ordinary().common
    for options in (_of_ed_and_ing(word), _of_s(word)):
        listed = [option for option in options if option in known]
        if options and (listed or word not in known):
            return listed[:1] or options[:1]
    return [word]


def _of_s(word: str) -> list[str]:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return []
    if word.endswith("ies") and len(word) > 4:
        return [word[:-3] + "y", word[:-1]]
    if word.endswith("es") and word[:-2].endswith((*_SIBILANT, "o")):
        return [word[:-1], word[:-2]] if word[:-1] in ordinary().common else [word[:-2], word[:-1]]
    return [word[:-1]] if len(word) > 3 else []


def _of_ed_and_ing(word: str) -> list[str]:
    for ending in ("ed", "ing"):
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < 2 or not _VOWEL.search(stem):
            continue
        options = [stem + "e", stem]
        if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "aeiou":
            options = [stem[:-1], stem] if stem not in ordinary().common else [stem, stem[:-1]]
        if ending == "ed" and stem.endswith("i"):
            options = [stem[:-1] + "y"]
        return options
    return []


def _inflected(base: str) -> Iterator[str]:
    """The regular forms of a noun or verb."""
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        yield from (base[:-1] + "ies", base[:-1] + "ied", base + "ing")
        return
    yield base + ("es" if base.endswith((*_SIBILANT, "o")) else "s")
    if base.endswith("o"):
        yield base + "s"
    stem = base[:-1] if base.endswith("e") else base
    yield from (stem + "ed", stem + "ing")
    if re.search(r"[aeiou][bdgklmnprt]$", base):
        yield from (base + base[-1] + "ed", base + base[-1] + "ing")
