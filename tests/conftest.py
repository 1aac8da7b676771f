"""What every test sees: the real servers where they are asked for, and a plain line for what is left out.

Tests carry the marker of what they need (`real`, `torch`, `browser`, `monitoring`).  Where it is missing they are left
out, and the last lines of the run say how many and how to run them.  With GROUNDSWELL_TEST_STRICT=1 that, and any
skipped test, is a failure.
"""

from __future__ import annotations

import os

import pytest

from tests.availability import GROUPS, real_servers_impossible, strict
from tests.real_servers import fresh_kafka, real_elasticsearch, real_kafka, real_servers, unique_name

__all__ = ["fresh_kafka", "real_elasticsearch", "real_kafka", "real_servers", "unique_name"]

_LINES = pytest.StashKey[list[str]]()

# Settings of the person who runs the tests must not leak into them.
for _name in [name for name in os.environ if name.startswith("GROUNDSWELL_")]:
    if not _name.startswith("GROUNDSWELL_TEST_"):
        del os.environ[_name]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "monitoring: needs promtool and amtool (Debian: prometheus, -alertmanager)")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here; in strict mode refuse to run at all."""
    lines = config.stash.setdefault(_LINES, [])
    for group in GROUPS:
        concerned = [item for item in items if item.get_closest_marker(group.marker)]
        missing = group.missing() if concerned else None
        if missing is None:
            continue
        config.hook.pytest_deselected(items=concerned)
        items[:] = [item for item in items if item not in set(concerned)]
        count = f"{len(concerned)} test{'s' if len(concerned) > 1 else ''}"
        lines.append(f"Left out: {count} {group.what}: {missing}.")
    if lines and strict():
        raise pytest.UsageError("\n".join(["GROUNDSWELL_TEST_STRICT=1 leaves nothing out.", *lines]))
    if any(item.get_closest_marker("real") for item in items) and (why := real_servers_impossible()):
        raise pytest.UsageError(f"GROUNDSWELL_TEST_REAL=1, but {why}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In strict mode a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if strict() and reporter is not None and (skipped := reporter.stats.get("skipped")):
        session.config.stash.setdefault(_LINES, []).append(
            f"Failed: {len(skipped)} skipped, and GROUNDSWELL_TEST_STRICT=1 leaves nothing out."
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One plain line a group that was left out."""
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line, yellow=True)
