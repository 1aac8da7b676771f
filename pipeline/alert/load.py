"""Opens the notifiers whose addresses are set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pipeline.alert.alertmanager import Alertmanager
from pipeline.alert.notifier import Notifier
from pipeline.alert.resender import MOST, Ends, OpenIncidents, Resender
from pipeline.alert.terminal import Terminal
from pipeline.alert.webhook import Webhook
from pipeline.contracts.incidents import IncidentEvent
from pipeline.index.load import open_index
from pipeline.index.protocol import Index
from pipeline.settings.settings import Settings


class ResendingAlertmanager:
    """An Alertmanager together with the re-sender that keeps its alerts firing."""

    name = Alertmanager.name
    pages = Alertmanager.pages

    def __init__(self, alertmanager: Alertmanager, resender: Resender) -> None:
        self._alertmanager = alertmanager
        self._resender = resender

    async def send(self, event: IncidentEvent) -> None:
        await self._alertmanager.send(event)

    async def close(self) -> None:
        self._resender.close()
        await self._alertmanager.close()


def open_notifiers(settings: Settings, *, resend: bool = True) -> list[Notifier]:
    """The notifiers whose address is set, and the terminal when it is on.

    For an Alertmanager a thread starts that keeps the alerts firing, with a connection of its own to the index; without
    `resend` there is none.  Raises `SettingsError` for an address or secret that cannot be used.
    """
    notifiers: list[Notifier] = []
    alert = settings.alert
    if alert.terminal:
        notifiers.append(Terminal(page_url=alert.page_url))
    if alert.webhook_url:
        secret = alert.webhook_secret.get_secret_value()
        private, page = alert.webhook_allow_private, alert.page_url
        notifiers.append(Webhook(alert.webhook_url, secret, allow_private=private, page_url=page))
    if alert.alertmanager_url:
        notifiers.append(
            _resending(settings) if resend else Alertmanager(alert.alertmanager_url, page_url=alert.page_url)
        )
    return notifiers


def _resending(settings: Settings) -> ResendingAlertmanager:
    ends = Ends()
    alert = settings.alert

    def open_alertmanager(ended: Callable[[IncidentEvent, bool], None] | None = None) -> Alertmanager:
        return Alertmanager(alert.alertmanager_url, page_url=alert.page_url, ended=ended)

    @asynccontextmanager
    async def reader() -> AsyncIterator[OpenIncidents]:
        index: Index = open_index(settings)

        async def read() -> list[IncidentEvent]:
            return await index.incidents(open_only=True, limit=MOST)

        try:
            yield read
        finally:
            await index.close()

    resender = Resender(open_alertmanager, reader, ends)
    notifier = ResendingAlertmanager(open_alertmanager(ends.note), resender)
    resender.start()
    return notifier
