"""Redaction for logs: what went wrong and where, without what any post or person said.

An exception is logged as its type, module and line, and a digest of its message, by which two of them are told apart;
never its message, unless it is of ours or the system's, and then without what it quotes.  No value of a variable.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from hashlib import blake2b
from typing import Any

from pipeline.errors import GroundswellError

FRAMES = 12
"""Innermost frames of a traceback that are logged."""

CAUSES = 4
"""Causes of an exception that are logged with it."""

_WORDED = ("reason", "error", "last")
"""Keys of an entry under which the text of an exception comes."""

_INPUT = re.compile(r"input_value=.*?(?=, input_type=|$)", re.DOTALL)
_QUOTED = re.compile(r"(?<!\w)'(?!/[^\s']*')[^\n]*'(?!\w)|\"(?!/[^\s\"]*\")[^\n]*\"")


def redacted(text: str) -> str:
    """The first line of a message without what it quotes from its input; paths stay.

    >>> redacted("Invalid enum value 'my secret' - at `$.kind`")
    "Invalid enum value '…' - at `$.kind`"
    """
    return _QUOTED.sub("'…'", _INPUT.sub("input_value='…'", text).partition("\n")[0])


def described(error: BaseException) -> dict[str, Any]:
    """An exception and its causes: type, place, digest of the message."""
    found: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(found) < CAUSES:
        frames = traceback.extract_tb(current.__traceback__)[-FRAMES:]
        entry: dict[str, Any] = {
            "type": f"{type(current).__module__}.{type(current).__qualname__}",
            "digest": blake2b(_text(current).encode("utf-8", "replace"), digest_size=6).hexdigest(),
            "at": [
                f"{frame.filename.rpartition('/site-packages/')[2]}:{frame.lineno} {frame.name}" for frame in frames
            ],
        }
        if isinstance(current, GroundswellError | OSError):
            entry["message"] = redacted(_text(current))
        found.append(entry)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found[0] | ({"causes": found[1:]} if len(found) > 1 else {})


def without_content(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: exceptions described, texts of exceptions redacted."""
    raised = entry.pop("exc_info", None)
    entry.pop("stack_info", None)
    error = raised if isinstance(raised, BaseException) else _exception(raised)
    if error is not None:
        entry["exception"] = described(error)
        entry.setdefault("error", f"{type(error).__qualname__} {entry['exception']['digest']}")
    for key, value in entry.items():
        if isinstance(value, BaseException):
            entry[key] = described(value)
        elif key in _WORDED and isinstance(value, str):
            entry[key] = redacted(value)
    return entry


def _exception(raised: Any) -> BaseException | None:
    found = raised[1] if isinstance(raised, tuple) else sys.exc_info()[1] if raised else None
    return found if isinstance(found, BaseException) else None


def message_of(record: logging.LogRecord) -> str:
    """What a library logs, without the values of its arguments but numbers and short names."""
    arguments = record.args
    try:
        if isinstance(arguments, Mapping):
            return redacted(str(record.msg) % {name: _plain(value) for name, value in arguments.items()})
        if arguments:
            return redacted(str(record.msg) % tuple(_plain(value) for value in arguments))
    except (TypeError, ValueError):
        pass
    return redacted(str(record.msg)) if isinstance(record.msg, str) else type(record.msg).__qualname__


def _plain(value: object) -> object:
    if isinstance(value, int | float):
        return value
    return value if isinstance(value, str) and re.fullmatch(r"[\w.:/-]{1,80}", value) else type(value).__qualname__


def _module(filename: str) -> str:
    return filename.rpartition("/site-packages/")[2]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception that cannot be printed is still logged
        return ""
