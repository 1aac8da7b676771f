"""The console for people, on standard error; results go to standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console

from pipeline.text.safe import single_line

err = Console(stderr=True, highlight=False)
"""Progress and messages for people."""


def interactive() -> bool:
    """Whether a person reads our messages as they come."""
    return sys.stderr.isatty()


def plain(text: str) -> str:
    """A text in which nothing is read as markup."""
    return text.replace("[", "\\[")


def say(sentences: Iterable[str]) -> None:
    """Print sentences for people, one a line; what strangers wrote in them is shown as plain text."""
    for sentence in sentences:
        err.print(single_line(sentence, 1_000), markup=False, soft_wrap=True)
