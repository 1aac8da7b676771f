"""Cursors of pages: where the last one ended, as a short text that strangers hand back."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from msgspec import Struct

from pipeline.contracts.mentions import Mention
from pipeline.contracts.values import Id, milliseconds
from pipeline.index.language.faults import WrongQuery

MAX_CURSOR = 1_000


class PageEnd(Struct, array_like=True, frozen=True):
    """The last mention of a page: by what it was sorted, its value there, and its id among equals."""

    order: str
    value: float
    mention_id: Id


def page_end(order: str, mention: Mention) -> PageEnd:
    """Where a page ends whose last mention this is."""
    value = float(mention.author.followers or 0) if order == "reach" else float(milliseconds(mention.created_at))
    return PageEnd(order, value, mention.mention_id)


def encode_cursor(end: PageEnd) -> str:
    """The cursor of the next page."""
    return urlsafe_b64encode(msgspec.msgpack.encode(end)).decode().rstrip("=")


def decode_cursor(text: str, order: str) -> PageEnd:
    """Where the page before ended.  Raises `WrongQuery` for what is no cursor, or one of another order."""
    try:
        if len(text) > MAX_CURSOR:
            raise ValueError
        end = msgspec.msgpack.decode(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)), type=PageEnd)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise WrongQuery("is no cursor", subject="after", todo="Give the `next` of the page before") from None
    if end.order != order:
        raise WrongQuery(f"is a cursor of pages by {end.order}", subject="after", todo="Sort all pages alike")
    return end
