"""What every test sees: the real servers where they are asked for, and a plain line for what is left out.

Tests carry the marker of what they need (`slow`, `real`, `torch`, `browser` …, see `tests.availability`).  Where it is
missing they are left out, and the last lines of the run say how many and how to run them.  With
GROUNDSWELL_TEST_STRICT=1 that, and any skipped test, is a failure.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from hypothesis import settings

from pipeline.compiled import PURE
from tests.availability import GROUPS, STRICT, left_out, strict
from tests.real_servers import fresh_kafka, real_elasticsearch, real_kafka, real_servers, unique_name

__all__ = ["fresh_kafka", "real_elasticsearch", "real_kafka", "real_servers", "unique_name"]

_LINES = pytest.StashKey[list[str]]()

# Settings of the person who runs the tests must not leak into them.
for _name in [name for name in os.environ if name.startswith("GROUNDSWELL_")]:
    if not _name.startswith("GROUNDSWELL_TEST_") and _name != PURE:
        del os.environ[_name]

if "PYTEST_XDIST_WORKER" in os.environ:  # the cores are shared out among the workers already
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Examples are not timed: how long one takes says more about the tests beside it than about the code.
settings.register_profile("side by side", deadline=None)
settings.load_profile("side by side")


def pytest_configure(config: pytest.Config) -> None:
    for group in GROUPS:
        config.addinivalue_line("markers", f"{group.marker}: tests {group.what}")
    config.stash[_LINES] = []
    if strict() and (missing := [reason for group in GROUPS if group.can_be_had and (reason := group.missing())]):
        raise pytest.UsageError("\n".join([f"{STRICT}=1 leaves nothing out, but:", *missing]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here."""
    lines, concerned = left_out(items)
    config.stash[_LINES] = lines
    config.hook.pytest_deselected(items=[item for item in items if item in concerned])
    items[:] = [item for item in items if item not in concerned]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its lines over; in strict mode a skipped test fails the run."""
    config = session.config
    if (output := getattr(config, "workeroutput", None)) is not None:
        output["left_out"] = config.stash[_LINES]
        _save_coverage()
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if strict() and reporter is not None and (skipped := reporter.stats.get("skipped")):
        config.stash[_LINES].append(f"Failed: {len(skipped)} skipped, and {STRICT}=1 leaves nothing out.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _save_coverage() -> None:
    """Write what was measured now: a worker that is slow to end is killed after ten seconds, and its data are lost."""
    if (coverage := sys.modules.get("coverage")) and (measured := coverage.Coverage.current()) is not None:
        measured.save()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Workers collect the same tests, so they leave out the same: the lines of one of them are those of the run."""
    node.config.stash[_LINES] = getattr(node, "workeroutput", {}).get("left_out") or node.config.stash[_LINES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One plain line a group that was left out."""
    for line in config.stash[_LINES]:
        terminalreporter.write_line(line, yellow=True)
