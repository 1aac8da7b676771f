"""Ownership of accounts: the company's own, its staff's, the press, or the public.

A company's own account speaks for the company in all it writes.  Staff are known by an address of the company's:
a domain as a handle (`jane.acme.example`), an account on the company's server (`jane@social.acme.example`), or a
handle that says service and is not listed (`AcmeHelpDesk`).  They are marked, but what they write is not therefore
about the company.
"""

from __future__ import annotations

from functools import lru_cache

from pipeline.contracts.posts import Author
from pipeline.contracts.values import AuthorRole
from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.linking.linker import Linker

CACHED = 50_000
GENERATIONS = 4
"""How far up from a company its parents count as family."""
CLEARLY = 0.9
"""Least confidence with which a handle that says service must name one company."""

_SERVICE = (
    "help", "helps", "support", "care", "cares", "helpdesk", "service", "services", "custserv", "helpers",
    "assist", "answers", "responds", "listens",
)  # fmt: skip
_SERVICE_FIRST = ("ask", "help", "support", "contact")
_HOSTS_TEXT = (
    "bsky.social bsky.app github.io gitlab.io substack.com tumblr.com wordpress.com medium.com blogspot.com "
    "livejournal.com deviantart.com netlify.app vercel.app pages.dev herokuapp.com myshopify.com itch.io "
    "mastodon.social threads.net neocities.org carrd.co weebly.com wixsite.com squarespace.com typepad.com"
)
_HOSTS = tuple(_HOSTS_TEXT.split())
"""Sites that lend names to everybody."""


class Accounts:
    """Accounts by what the linker's catalogue knows.  The answer depends on the author and the network alone.

    `followed` are the ids of the companies that posts are linked to; None for all of the catalogue.
    """

    def __init__(self, linker: Linker, followed: frozenset[str] | None = None) -> None:
        self.linker = linker
        self._followed = followed
        self._employer = lru_cache(maxsize=CACHED)(self._find_employer)

    def follows(self, entity_id: str) -> bool:
        """Whether posts are linked to this company."""
        return self._followed is None or entity_id in self._followed

    def owner(self, author: Author, network: str) -> Entity | None:
        """The company whose own account this is: by a listed handle, or the listed permanent id of an account."""
        owner = self.linker.owner(author.handle, network)
        if owner is None and ":did:" in author.id:
            owner = self.linker.owner(author.id.partition(":")[2], network)
        return owner

    def role(self, author: Author, network: str, entity_id: str) -> AuthorRole:
        """`own` when the account is the entity's or its staff's, or of its parents or subsidiaries; `press` when it is
        a paper's and the entity is another; else `public`."""
        whose = self.owner(author, network)
        if whose is None and author.handle:
            whose = self._employer(author.handle, network)
        if whose is None:
            return "public"
        if self._above(entity_id, whose.id) or self._above(whose.id, entity_id):
            return "own"
        return "press" if whose.role == "press" else "public"

    def _above(self, below: str, above: str) -> bool:
        """Whether one company is the other, or belongs to it."""
        current: str | None = below
        for _ in range(GENERATIONS):
            if current == above:
                return True
            entity = self.linker.catalogue.entities.get(current) if current is not None else None
            if entity is None:
                return False
            current = entity.parent
        return False

    def _find_employer(self, handle: str, network: str) -> Entity | None:
        """The company that an account belongs to by its address, or that a handle which says service names."""
        name = handle.strip().lstrip("@").lower()
        host = name.rpartition("@")[2]
        if "." in host:
            if "/" in host or host.endswith(_HOSTS):
                return None
            return self._single("https://" + host, network, 0.0)
        if name.endswith(_SERVICE) or name.startswith(_SERVICE_FIRST):
            return self._single("@" + name, network, CLEARLY)
        return None

    def _single(self, text: str, network: str, least: float) -> Entity | None:
        """The one company that a link or a handle stands for."""
        found = self.linker.link(text, network)
        if len(found) != 1 or found[0].how != "handle" or found[0].confidence < least:
            return None
        if found[0].end - found[0].start != len(text):
            return None
        entity = self.linker.catalogue.entities.get(found[0].entity.id)
        return None if entity is None or (text.startswith("https") and "social" in entity.industry) else entity
