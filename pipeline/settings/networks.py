"""The sections of the networks under [ingest], one a network, and what all of them have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from pipeline.errors import SettingsError
from pipeline.settings.section import Section


class BudgetSettings(Section):
    """What a network may cost a day (UTC); 0 sets no limit."""

    requests: int = Field(default=0, ge=0)
    """Requests, or units where the network counts in units."""
    posts: int = Field(default=0, ge=0)
    """Frames taken in, repeats among them."""
    bytes: int = Field(default=0, ge=0)
    """Bytes received, after unpacking."""
    money: float = Field(default=0.0, ge=0.0)
    """In the currency of the network's prices."""


class BlueskySettings(Section):
    """Bluesky's public stream of posts (Jetstream)."""

    url: str = Field(default="wss://jetstream2.us-east.bsky.network/subscribe", pattern=r"^wss?://[^\s?#]+$")
    """Ends in `/subscribe` (version 1 of the wire) or `/xrpc/network.bsky.jetstream.subscribeEvents` (version 2)."""
    dids: list[str] = Field(default=[], max_length=10_000)
    """Accounts to listen to; empty for everybody."""
    rewind: float = Field(default=5.0, ge=0.0, le=3600.0)
    """Seconds read again after a reconnect: servers differ a little in their clocks."""
    stall: float = Field(default=60.0, gt=0.0, le=3600.0)
    """Seconds of silence after which the connection is given up and made anew."""
    replayed: float = Field(default=126_000.0, ge=0.0)
    """Seconds back from which the server surely replays; asked for where it says that a position is too old."""
    budget: BudgetSettings = BudgetSettings()


class HackerNewsSettings(Section):
    """Hacker News, by its public API."""

    url: str = Field(default="https://hacker-news.firebaseio.com/v0", pattern=r"^https?://[^\s?#]+[^\s?#/]$")
    poll: float = Field(default=10.0, ge=0.01, le=3600.0)
    """Seconds between two questions for new items."""
    updates_every: float = Field(default=30.0, ge=0.01, le=3600.0)
    """Seconds between two questions for what was edited or deleted."""
    budget: BudgetSettings = BudgetSettings()


Watched = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,60}(/[a-zA-Z0-9.#+_-]{1,60})?$")]


class StackExchangeSettings(Section):
    """Stack Exchange, by version 2.3 of its API."""

    url: str = Field(default="https://api.stackexchange.com/2.3", pattern=r"^https?://[^\s?#]+[^\s?#/]$")
    watch: list[Watched] = Field(default=[], max_length=50)
    """Sites, or tags of a site: "superuser", "stackoverflow/amazon-s3"."""
    key: SecretStr = SecretStr("")
    """From stackapps.com, free: 10,000 requests a day in place of 300."""
    poll: float = Field(default=120.0, ge=0.01, le=86_400.0)
    """Seconds between two questions for what is new; more when the day's quota would not last."""
    recheck_every: float = Field(default=600.0, ge=0.01, le=86_400.0)
    """Seconds after which questions are asked for again: new comments, and what was deleted."""
    follow_days: int = Field(default=3, ge=1, le=30)
    """Days since their last activity for which questions are asked for again."""
    recheck_questions: int = Field(default=500, ge=0, le=5_000)
    """Questions of a site or tag that are asked for again, at most; a hundred a request."""
    budget: BudgetSettings = BudgetSettings()


class FeedsSettings(Section):
    """Feeds: RSS, Atom and JSON Feed of blogs, news, podcasts and channels."""

    urls: list[str] = Field(default=[], max_length=2_000)
    """Addresses of the feeds."""
    every: float = Field(default=300.0, ge=0.01, le=86_400.0)
    """Seconds between two questions to a feed; longer where the feed asks for it."""
    comments: bool = True
    """Also read the feeds of comments under articles, where a feed names them and their number."""
    budget: BudgetSettings = BudgetSettings()


class WebhookSource(Section):
    """A platform that sends to us."""

    kind: Literal["discourse", "github", "posts"]
    """`discourse` (posts of a forum), `github` (issues, discussions and comments), `posts` (our own messages)."""
    secret: SecretStr = SecretStr("")
    """Signs what the platform sends, as it is set there; at least sixteen characters."""
    secret_file: Path | None = None
    """A file with the secret, instead."""


class WebhookSettings(Section):
    """Platforms of your own that send to us: each to `/hooks/NAME`."""

    host: str = "127.0.0.1"
    """Address to listen on; a reverse proxy with TLS passes requests on."""
    port: int = Field(default=8810, ge=0, le=65_535)
    sources: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")], WebhookSource] = Field(default={})
    """Sources by name, in the file only: `[ingest.webhook.sources.NAME]`.  The name begins the ids of its posts."""
    budget: BudgetSettings = BudgetSettings()


class MastodonServer(Section):
    """A server of the federation, and what is listened to there."""

    url: str = Field(default="", pattern=r"^$|^https?://[^\s?#]+[^\s?#/]$")
    """Its address, where it is not `https://` and the name."""
    token: SecretStr = SecretStr("")
    """A token with the right `read`; most servers ask for one."""
    token_file: Path | None = None
    """A file with the token, instead."""
    scope: Literal["public", "local", "none"] = "public"
    """All public posts that the server knows, those of its own people, or only the tags."""
    tags: list[Annotated[str, Field(pattern=r"^\w{1,100}$")]] = Field(default=[], max_length=20)
    """Hashtags, without the sign; each is a connection."""

    def timelines(self) -> list[str]:
        """The streams: `public`, `local`, `tag/NAME`."""
        return ([] if self.scope == "none" else [self.scope]) + [f"tag/{tag}" for tag in self.tags]


class MastodonSettings(Section):
    """Servers of the Mastodon federation."""

    servers: dict[Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,200}(:\d{1,5})?$")], MastodonServer] = Field(default={})
    """Servers by their name, in the file only: `[ingest.mastodon.servers."mastodon.example"]`."""
    budget: BudgetSettings = BudgetSettings()


def secret_of(secret: SecretStr, file: Path | None, subject: str) -> str:
    """A secret from the settings, or from the file that they name.  Raises `SettingsError` when that cannot be read."""
    if file is None:
        return secret.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read ({error})", subject=f"{subject}_file", todo="Name a text file") from None
