"""Structured logs to standard error: readable on a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(level: str) -> None:
    """Route structlog and the standard library's loggers to standard error."""
    number = getattr(logging, level.upper())
    logging.basicConfig(stream=sys.stderr, level=max(number, logging.WARNING), format="%(name)s: %(message)s")
    logging.getLogger("faust").setLevel(logging.WARNING)
    for noisy in ("aiokafka", "mode", "kafka"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    human = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if not human else structlog.processors.StackInfoRenderer(),
            structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is at the call: tests replace it
        cache_logger_on_first_use=False,
    )
