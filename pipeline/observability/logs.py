"""Structured logs to standard error, without the contents of posts."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any

import structlog

from pipeline.observability.redaction import message_of, without_content

log = structlog.get_logger()


class LibraryLogs(logging.Handler):
    """Entries of libraries (asyncio, Faust, aiokafka) as entries of ours, redacted alike."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one; what cannot be logged is passed over, as logging demands."""
        try:
            name = record.levelname.lower()
            entry = getattr(log, name if name in ("debug", "info", "warning", "error", "critical") else "warning")
            entry(message_of(record), logger=record.name, exc_info=record.exc_info)
        except Exception:
            sys.stderr.write("an entry of a library could not be logged\n")


class UnfailingLogger(structlog.PrintLogger):
    """Prints entries; passes over what cannot be written (a full disk): no work may stop for its log."""

    def msg(self, message: str) -> None:
        """Print one entry, if that is possible."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = error = exception = critical = fatal = failure = err = msg


def set_up(level: str) -> None:
    """Route structlog, the standard library's loggers and uncaught exceptions to standard error."""
    number = getattr(logging, level.upper())
    root = logging.getLogger()
    if not any(isinstance(handler, LibraryLogs) for handler in root.handlers):
        root.addHandler(LibraryLogs())
    root.setLevel(max(number, logging.WARNING))
    logging.getLogger("faust").setLevel(logging.WARNING)
    for noisy in ("aiokafka", "mode", "kafka"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    human = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_content,
            structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: UnfailingLogger(sys.stderr),  # as it is at the call: tests replace it
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _uncaught_in_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    log.critical("unexpected error", exc_info=(kind, error, trace))


def _uncaught_in_thread(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None and not isinstance(raised.exc_value, SystemExit):
        log.error("unexpected error in a thread", thread=getattr(raised.thread, "name", ""), exc_info=raised.exc_value)


def _unraisable(raised: Any) -> None:
    log.error("unexpected error while cleaning up", exc_info=raised.exc_value)
