"""What every command shares: the settings with the flags on top, and errors that a person can act on."""

from __future__ import annotations

from typing import Any

import typer

from pipeline.errors import SettingsError
from pipeline.settings import settings as settings_module
from pipeline.settings.settings import Settings
from pipeline.terminal import console

_flags: dict[str, Any] = {}


def remember(pairs: list[str], data: str | None, log_level: str | None) -> None:
    """Take in the flags that stand before the command's name."""
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign:
            raise SettingsError("is not KEY=VALUE", subject=f"--set {pair}", todo="Such as --set web.port=8801")
        put(key.strip(), value.strip())
    if data:
        put("data", data)
    if log_level:
        put("log_level", log_level)


def put(key: str, value: Any) -> None:
    """Set a key, given as a path with dots, above file and environment."""
    node = _flags
    *sections, name = key.split(".")
    for section in sections:
        node = node.setdefault(section, {})
    node[name] = value


def load() -> Settings:
    """The settings in force, flags included, and logging set up accordingly."""
    from pipeline.observability.logs import set_up

    settings = settings_module.load(**_flags)
    set_up(settings.log_level)
    return settings


def fail(error: Exception, status: int = 1) -> typer.Exit:
    """Say what is wrong, and end with a status: 1 failed, 2 wrong usage."""
    console.err.print(f"[bold red]groundswell:[/] {console.plain(str(error))}", soft_wrap=True)
    return typer.Exit(status)
