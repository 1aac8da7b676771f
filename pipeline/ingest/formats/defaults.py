"""Defaults for what a post in a file leaves out: type, network, id, time, author.

The same for every command that reads files.  Only the text, and in JSON the id, have to be there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

DEFAULT_NETWORK = "twitter"
"""Network of a post that names none, also not by its id: one whose @handles the catalogue knows."""

_PREFIX = re.compile(r"([a-z][a-z0-9_.-]{0,63}):(?!//)")


class PostDefaults:
    """Fills in what is absent, and counts it, so that it can be said once.

    Guarantees: never changes what is there; ids depend on a row's content and line alone, so that the same file gives
    the same posts on every run.
    """

    def __init__(self, network: str | None = None) -> None:
        """`network` is that of posts which name none."""
        self._network = network
        self._now = datetime.now(UTC).isoformat()
        self._counts: Counter[str] = Counter()

    def fill(self, fields: dict[str, Any], line: int, original: bytes, *, make_id: bool = False) -> None:
        """Fill in a flat or nested post; with `make_id` also the id."""
        if fields.setdefault("type", "post") != "post":
            return
        if not fields.get("network"):
            fields["network"] = self._network_of(fields.get("post_id"))
        if make_id:
            self._counts["id"] += 1
            digest = blake2b(b"%d " % line + original.rstrip(b"\r\n"), digest_size=12).hexdigest()
            fields["post_id"] = f"{fields['network']}:{digest}"
        if "created_at" not in fields:
            self._counts["time"] += 1
            fields["created_at"] = self._now
        if not _has_author(fields):
            self._counts["author"] += 1
            _set_author(fields, f"unknown:{fields.get('post_id')}"[:512])

    def sentences(self) -> list[str]:
        """What was filled in, a sentence each; empty where the files had everything."""
        said = {
            "network": f"name no network: taken as {DEFAULT_NETWORK}, so that @handles link (--network names another)",
            "id": "have no id: made from the content and position of the row",
            "time": "have no time: taken as written now",
            "author": "name no author: each taken as somebody else",
        }
        return [f"{self._counts[what]:,} posts {text}" for what, text in said.items() if self._counts[what]]

    def _network_of(self, post_id: object) -> str:
        if self._network:
            return self._network
        found = _PREFIX.match(post_id) if isinstance(post_id, str) else None
        if found:
            return found[1]
        self._counts["network"] += 1
        return DEFAULT_NETWORK


def _has_author(fields: Mapping[str, Any]) -> bool:
    if "author_id" in fields:
        return True
    author = fields.get("author", {})
    return not isinstance(author, dict) or "id" in author


def _set_author(fields: dict[str, Any], author_id: str) -> None:
    if "author" in fields:
        fields["author"]["id"] = author_id
    else:
        fields["author_id"] = author_id
