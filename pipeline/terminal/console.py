"""The console for people, on standard error; results go to standard output."""

from __future__ import annotations

import sys

from rich.console import Console

err = Console(stderr=True, highlight=False)
"""Progress and messages for people."""


def interactive() -> bool:
    """Whether a person reads our messages as they come."""
    return sys.stderr.isatty()


def plain(text: str) -> str:
    """A text in which nothing is read as markup."""
    return text.replace("[", "\\[")
