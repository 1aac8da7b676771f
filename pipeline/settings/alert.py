"""The [alert] section: which notifiers receive incident events."""

from __future__ import annotations

from pydantic import SecretStr

from pipeline.settings.section import Section


class AlertSettings(Section):
    """Who is notified.  Each notifier is on when its address is set; the terminal is on with `run`."""

    terminal: bool = False
    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    webhook_allow_private: bool = False
    """Let the webhook go to a private or loopback address."""
    alertmanager_url: str = ""
    page_url: str = ""
    """Address of the page, for links in alerts."""
