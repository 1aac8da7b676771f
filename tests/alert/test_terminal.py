"""The block on the terminal: complete, short, and deaf to commands hidden in posts."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipeline.alert.terminal import PlainConsole, Terminal
from pipeline.contracts.incidents import Explanation, Phrase, PostRef
from pipeline.errors import TransientError
from pipeline.text.safe import clean, single_line
from tests.support.messages import OPENED, pile_on


async def shown(message: object, *, colours: bool = False, page_url: str = "") -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=colours, width=120, highlight=False)
    await Terminal(console, page_url=page_url).send(message)  # type: ignore[arg-type]
    return out.getvalue()


async def test_a_block_says_what_a_person_needs_and_no_more() -> None:
    text = await shown(pile_on(), page_url="http://127.0.0.1:8800")
    for words in (
        "OPENED  Acme Air: pile-on, severity 3 of 5 (major)",
        "48 people answer one complaint",
        "48 mentions by 37 authors, 41 negative",
        "6.5 mentions; negative share 22% before, 85% now",
        "210 mentions in all (120 to 380), doubling every 14 min",
        "“Day three without my suitcase” (31 replies)",
        "lost luggage (19)",
        "@stranded (4)",
        "http://127.0.0.1:8800/?incident=acme%3Apile_on%3Atest%3A1",
    ):
        assert words in text
    assert len(text.splitlines()) <= 18


async def test_the_end_of_an_incident_is_told_in_fewer_words() -> None:
    text = await shown(pile_on("resolved", 95))
    assert "RESOLVED  Acme Air" in text
    assert "(95 min)" in text
    assert "they say" not in text
    assert len(text.splitlines()) <= 7


async def test_an_incident_that_is_not_paged_says_why() -> None:
    assert "Not paged: it looks coordinated." in await shown(pile_on(coordinated=True))
    assert "Not paged: it is not meant to wake anybody." in await shown(pile_on(pageable=False))
    assert "Not paged" not in await shown(pile_on())


async def test_hostile_text_neither_commands_the_terminal_nor_is_read_as_markup() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\x9b31m\x1b]8;;http://evil.test\x1b\\[bold red]hi[/] "
    evil += "\u202egnihtemos\u2066\r\nline\x00\x07"
    told = Explanation(
        summary=evil, first_post=PostRef("p", evil, evil, OPENED), phrases=(Phrase(evil, 3),), networks={evil: 1}
    )
    text = await shown(pile_on(explanation=told, name=evil))
    assert not any(char in text for char in "\x1b\x9b\x07\x00\r\u202e\u2066")
    assert "[bold red]hi[/] gnihtemos line" in text  # shown, not obeyed
    assert "owned" not in text


async def test_a_closed_terminal_is_a_fault_with_words() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(TransientError, match="cannot write"):
        await Terminal(PlainConsole(file=Closed())).send(pile_on())


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("plain, ünïcödé, 日本語, 👩‍👩‍👧", "plain, ünïcödé, 日本語, 👩‍👩‍👧"),
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1bP+q544e\x1b\\x", "x"),
        ("\x1bc\x1b(Bok", "ok"),
        ("unfinished \x1b]52;c;AAAA", "unfinished "),
        ("z" + "\u0335" * 40, "z" + "\u0335" * 4),
        ("\ud800half", "half"),
        ("two\nlines\tkept", "two\nlines\tkept"),
    ],
)
def test_clean(raw: str, safe: str) -> None:
    assert clean(raw) == safe


def test_one_line_is_bounded_and_fast_on_huge_text() -> None:
    assert single_line("a \n\n b", 10) == "a b"
    assert single_line("x" * 1_000_000, 10) == "x" * 9 + "…"
