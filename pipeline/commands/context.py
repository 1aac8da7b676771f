"""Context of every command: settings with the flags on top, the index, readable errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from pipeline.errors import SettingsError
from pipeline.terminal import console

if TYPE_CHECKING:
    from pipeline.index.protocol import Index
    from pipeline.settings.settings import Settings

T = TypeVar("T")

_flags: dict[str, Any] = {}


def new_app(help: str | None = None) -> typer.Typer:
    """The app of a command, or with `help` of a family of commands."""
    return typer.Typer(
        help=help, no_args_is_help=help is not None, add_completion=False, rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
    )  # fmt: skip


def remember(pairs: list[str], data: str | None, log_level: str | None) -> None:
    """Put the flags that stand before the command's name above file and environment."""
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
    from pipeline.settings import settings as settings_module

    settings = settings_module.load(**_flags)
    set_up(settings.log_level)
    return settings


def load_to_read() -> Settings:
    """As `load`, for commands that only read: without an index of one's own, or while the demonstration runs, its data.

    So the next terminal sees what `groundswell run` shows, without flags.  Whoever names a folder gets that folder.
    """
    settings = load()
    if "data" in _flags or settings.index.url or "data" in settings.model_fields_set:
        return settings
    from pipeline.commands.sources import DEMO
    from pipeline.runtime.process.data_folder import in_use

    demo = settings.data / DEMO
    own = (settings.data / "index.sqlite").exists()
    if (demo / "index.sqlite").exists() and (in_use(demo) or not own) and not in_use(settings.data):
        console.err.print("[dim]the demonstration's data; your own: --data FOLDER[/]")
        return settings.model_copy(update={"data": demo})
    return settings


def with_index(settings: Settings, work: Callable[[Index], Awaitable[T]]) -> T:
    """Open the index of the settings, do the work, close it."""
    import asyncio

    from pipeline.index.load import open_index

    async def run() -> T:
        index = open_index(settings)
        try:
            return await work(index)
        finally:
            await index.close()

    return asyncio.run(run())


def fail(error: Exception, status: int = 1) -> typer.Exit:
    """Say what is wrong, and end with a status: 1 failed, 2 wrong usage."""
    console.err.print(f"[bold red]groundswell:[/] {console.plain(str(error))}", soft_wrap=True)
    return typer.Exit(status)
