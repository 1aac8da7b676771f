"""Errors, split by what can be done about them.

A `TransientError` may pass if the same thing is tried again (in place, so that order is kept); a `TerminalError` will
not.  Each says what happened, to what, and what to do next.
"""

from __future__ import annotations


class GroundswellError(Exception):
    """Base of every error that Groundswell raises on purpose.

    `what` happened, to `subject`, and `todo` says what a person can do next.
    """

    def __init__(self, what: str, *, subject: str = "", todo: str = "") -> None:
        self.what = what
        self.subject = subject
        self.todo = todo
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.subject}: {self.what}" if self.subject else self.what
        return f"{text}. {self.todo}" if self.todo else text


class TransientError(GroundswellError):
    """May pass: a server is away, busy or slow.  Retried in place with growing, jittered pauses."""


class Busy(TransientError):
    """The other side asks to be left alone for `after` seconds."""

    def __init__(self, what: str, *, subject: str = "", todo: str = "", after: float = 0.0) -> None:
        self.after = after
        super().__init__(what, subject=subject, todo=todo)


class TerminalError(GroundswellError):
    """Will not pass by itself."""


class SettingsError(TerminalError):
    """A setting is wrong; names it and what is allowed."""


class RefusedByBroker(TerminalError):
    """The broker will never have this message, such as one that is too large."""


class Malformed(TerminalError):
    """A record that cannot be understood; `code` is stable and short, for counting.  Becomes a dead letter."""

    def __init__(self, code: str, what: str, *, subject: str = "", todo: str = "") -> None:
        self.code = code
        super().__init__(what, subject=subject, todo=todo)
