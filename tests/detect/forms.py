"""The detector's two forms side by side in one process: the compiled modules, and the same sources as plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from pipeline.compiled import DETECTOR
from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.mentions.inbound import Inbound
from tests import forms

_SHARED = ("mentions.inbound",)


class Form(NamedTuple):
    """One form of the detector; its classes are its own, what it hears and what it tells are not."""

    compiled: bool
    detector: Callable[..., Any]
    state: Callable[[], Any]
    codec: Any
    run: Callable[[Iterable[Inbound]], Iterator[IncidentEvent]]
    modules: dict[str, ModuleType]


def compiled() -> Form:
    """The compiled form, where one can be made."""
    return forms.compiled(DETECTOR, _form, _SHARED)


def pure() -> Form:
    """The oracle."""
    return forms.pure(DETECTOR, _form, _SHARED)


def _form() -> Form:
    parts = {name: import_module(f"{DETECTOR.package}.{name}") for name in (*DETECTOR.modules, "stage", "state.codec")}
    return Form(
        import_module(DETECTOR.package).COMPILED,
        parts["detector"].Detector,
        parts["state.entity"].EntityState,
        parts["state.codec"].EntityCodec(),
        parts["stage"].run,
        parts,
    )
