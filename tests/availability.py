"""Which tests need something that may not be on this machine, and what to say when it is not."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from deploy.local.tools import ELASTICSEARCH_JAVA, MissingTool, find_java, find_maven

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Group:
    """Tests with a marker; `missing` says in plain words what they lack here, or None when they can run."""

    marker: str
    what: str
    missing: Callable[[], str | None]


def _real() -> str | None:
    if os.environ.get("GROUNDSWELL_TEST_REAL") == "1":
        return None
    return f"set GROUNDSWELL_TEST_REAL=1 to run them (needs a JDK {ELASTICSEARCH_JAVA} or later and Maven)"


def _torch() -> str | None:
    absent = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    return f"{' and '.join(absent)} not installed (pip install -e '.[train]')" if absent else None


def _browser() -> str | None:
    if any(shutil.which(name) for name in CHROMIUM):
        return None
    return "Chromium not installed (Debian and Ubuntu: apt install chromium)"


def _monitoring() -> str | None:
    absent = [name for name in ("promtool", "amtool") if shutil.which(name) is None]
    if not absent:
        return None
    packages = "Debian and Ubuntu: apt install prometheus prometheus-alertmanager"
    return f"{' and '.join(absent)} not installed ({packages})"


GROUPS = (
    Group("real", "against the real Kafka and Elasticsearch", _real),
    Group("torch", "of the torch model", _torch),
    Group("browser", "in a browser", _browser),
    Group("monitoring", "of the alarm rules", _monitoring),
)


def real_servers_impossible() -> str | None:
    """Why the real servers cannot be brought up although they are asked for, or None."""
    if os.environ.get("GROUNDSWELL_TEST_REAL") != "1":
        return None
    try:
        find_java(ELASTICSEARCH_JAVA)
        find_maven()
    except MissingTool as error:
        return str(error)
    return None


def strict() -> bool:
    """Whether leaving out or skipping a test is a failure (continuous integration)."""
    return os.environ.get("GROUNDSWELL_TEST_STRICT") == "1"
