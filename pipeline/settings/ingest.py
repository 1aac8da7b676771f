"""The [ingest] section: networks to listen to, and layouts of files that are not ours.

A layout says which column (of CSV) or field (of JSON lines, with dots into nested objects) holds what::

    [ingest.formats.helpdesk]
    network = "helpdesk"
    time = "%d/%m/%Y %H:%M"
    [ingest.formats.helpdesk.columns]
    post_id = "ticket"
    author_id = "customer.id"
    text = "body"
    created_at = "opened"
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from pipeline.settings.networks import (
    BlueskySettings,
    FeedsSettings,
    HackerNewsSettings,
    MastodonSettings,
    StackExchangeSettings,
    WebhookSettings,
)
from pipeline.settings.section import Section

BUILT_IN_FORMATS = ("posts", "twcs")

Column = str | None


class Columns(Section):
    """Where each field of a post is found in a row; without a column a field stays empty."""

    post_id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    created_at: str = Field(min_length=1)
    author_id: str = Field(min_length=1)
    author_handle: Column = None
    author_name: Column = None
    author_followers: Column = None
    kind: Column = None
    """Values must be post, reply, quote, repost, review or comment; without it: reply when there is a parent."""
    lang: Column = None
    url: Column = None
    parent_id: Column = None
    root_id: Column = None
    version: Column = None
    rating: Column = None


class FormatSettings(Section):
    """A layout of files, by which `replay --format NAME` reads them."""

    network: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    """Name of the network; every id gets it as its prefix, unless it has one already."""
    columns: Columns
    time: str = "iso"
    """`iso` (RFC 3339), `unix` (seconds), `unix_ms`, or a strptime pattern."""
    time_zone: str = "UTC"
    """Of times that carry no zone themselves."""
    time_order: bool = False
    """The file lies in time order: it can be read as it comes.  Otherwise it is sorted first, on disk."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value != "UTC" and value not in available_timezones():
            raise ValueError("not a time zone; allowed are IANA names such as UTC or Europe/Berlin")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of times without one."""
        return ZoneInfo(self.time_zone)


class IngestSettings(Section):
    """What is listened to, and how files are read."""

    contact: str = Field(default="", max_length=200)
    """An address or page where the networks' operators reach you; it goes out in every request's user agent."""
    allow_private: bool = False
    """Let agents connect to private and loopback addresses, for networks that you run inside."""
    repeat_window: float = Field(default=900.0, ge=60.0, le=86_400.0)
    """Seconds for which what was taken in is known when it comes again."""
    bluesky: BlueskySettings = BlueskySettings()
    feeds: FeedsSettings = FeedsSettings()
    hackernews: HackerNewsSettings = HackerNewsSettings()
    mastodon: MastodonSettings = MastodonSettings()
    stackexchange: StackExchangeSettings = StackExchangeSettings()
    webhook: WebhookSettings = WebhookSettings()
    formats: dict[str, FormatSettings] = Field(default={})
    """Layouts of files by name, in the file only: `[ingest.formats.NAME]`, for `replay --format NAME`."""

    @field_validator("formats")
    @classmethod
    def _free_names(cls, value: dict[str, FormatSettings]) -> dict[str, FormatSettings]:
        for name in value:
            if name in BUILT_IN_FORMATS:
                raise ValueError(f"{name!r} is a built-in format; choose another name")
        return value
