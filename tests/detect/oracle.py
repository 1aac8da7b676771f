"""The detector's two forms side by side in one process: the compiled modules, and the same sources as plain Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from pipeline.compiled import PACKAGE, PURE
from pipeline.detect.heard import Heard
from pipeline.messages import IncidentEvent

_SHARED = f"{PACKAGE}.heard"


class Form(NamedTuple):
    """One form of the detector; its classes are its own, what it hears and what it tells are not."""

    compiled: bool
    detector: Callable[..., Any]
    state: Callable[[], Any]
    codec: Any
    run: Callable[[Iterable[Heard]], Iterator[IncidentEvent]]
    memory: ModuleType
    weight: ModuleType


def compiled() -> Form:
    """The compiled form, where one can be made."""
    if import_module(PACKAGE).COMPILED:
        return _form()
    with _anew():  # it may have been made since this process began
        return _form()


def pure() -> Form:
    """The oracle."""
    with pytest.MonkeyPatch.context() as patch, _anew():
        patch.setenv(PURE, "1")
        return _form()


def _form() -> Form:
    parts = {
        name: import_module(f"{PACKAGE}.{name}")
        for name in ("detector", "entity", "codec", "stage", "memory", "weight")
    }
    return Form(
        import_module(PACKAGE).COMPILED,
        parts["detector"].Detector,
        parts["entity"].EntityState,
        parts["codec"].EntityCodec(),
        parts["stage"].run,
        parts["memory"],
        parts["weight"],
    )


@contextmanager
def _anew() -> Iterator[None]:
    """Import the package anew, all but what is heard; afterwards everything is as it was."""
    saved: dict[str, ModuleType] = {
        name: module
        for name, module in sys.modules.items()
        if (name == PACKAGE or name.startswith(f"{PACKAGE}.")) and name != _SHARED
    }
    for name in saved:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.startswith(PACKAGE) and name != _SHARED]:
            del sys.modules[name]
        sys.modules.update(saved)
        parent, _, child = PACKAGE.partition(".")
        setattr(sys.modules[parent], child, saved[PACKAGE])
