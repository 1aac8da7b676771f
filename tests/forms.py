"""The two forms of a package side by side in one process: compiled, and the same sources as plain Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TypeVar

import pytest

from pipeline.compiled import FINDER, PURE, Hot

T = TypeVar("T")


def compiled(hot: Hot, form: Callable[[], T], shared: Collection[str]) -> T:
    """What `form` makes of the compiled form, where one can be made; the plain one elsewhere."""
    if import_module(hot.package).COMPILED:
        return form()
    with _anew(hot.package, shared):  # it may have been made since this process began
        return form()


def pure(hot: Hot, form: Callable[[], T], shared: Collection[str]) -> T:
    """What `form` makes of the oracle."""
    with pytest.MonkeyPatch.context() as patch, _anew(hot.package, shared):
        patch.setenv(PURE, "1")
        return form()


@contextmanager
def _anew(package: str, shared: Collection[str]) -> Iterator[None]:
    """Import a package anew, all but the modules that both forms share; afterwards everything is as it was."""
    kept = tuple(f"{package}.{name}" for name in shared)
    left = tuple(f"{name}." for name in kept)

    def own() -> dict[str, ModuleType]:
        return {
            name: module for name, module in sys.modules.items()
            if f"{name}.".startswith(f"{package}.") and not f"{name}.".startswith(left)
        }  # fmt: skip

    for name in kept:
        import_module(name)
    saved, libraries = own(), dict(FINDER.libraries)
    for name in saved:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in own():
            del sys.modules[name]
        sys.modules.update(saved)
        FINDER.libraries = libraries
        parent, _, child = package.rpartition(".")
        setattr(sys.modules[parent], child, saved[package])
