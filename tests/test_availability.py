"""Tests are left out for what is really missing, with a line that says what; and the run stays green."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.local import tools
from deploy.local.download import distribution_folder
from tests import availability

HOOKS = """
from tests.conftest import (
    pytest_collection_modifyitems, pytest_configure, pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown
)
"""
BARE = ("--strict-markers", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:asyncio")
DRIVER = "its driver (chromedriver)"
INSTALL = "(Debian and Ubuntu: apt install chromium chromium-driver)"
NO_JAVA = "needs a JDK of version 21 or later; found: "


class Machine:
    """A machine that has nothing but what a test puts on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()

    def has(self, name: str, says: str = "", status: int = 0, at: Path | None = None) -> Path:
        program = (at or self.programs) / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
        program.chmod(0o755)
        return program

    def has_java(self, version: int) -> None:
        home = self.folder / "jvm" / f"jdk-{version}"
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "java").touch()
        (home / "release").write_text(f'JAVA_VERSION="{version}.0.1"\n')


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    empty = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(empty.programs))
    monkeypatch.setattr(tools, "JVM_FOLDERS", (tmp_path / "jvm",))
    monkeypatch.setattr(availability, "BASE", tmp_path / "real")
    for name in ("ES_JAVA_HOME", "JAVA_HOME", availability.ALL, availability.REAL, availability.STRICT):
        monkeypatch.delenv(name, raising=False)
    return empty


def run(pytester: pytest.Pytester, *markers: str, options: tuple[str, ...] = ()) -> pytest.RunResult:
    """A run of a plain test and of one with each marker."""
    tests = ["import pytest", "def test_plain(): pass"]
    tests += [f"@pytest.mark.{marker}\ndef test_{number}(): pass" for number, marker in enumerate(markers)]
    pytester.makeconftest(HOOKS)
    pytester.makepyfile("\n".join(tests))
    return pytester.runpytest_inprocess(*BARE, *options)


def left_out(pytester: pytest.Pytester, *markers: str) -> list[str]:
    """The lines that a run ends with; it must be green, and run all that can run."""
    result = run(pytester, *markers)
    assert result.ret == pytest.ExitCode.OK
    lines = [line for line in result.outlines if line.startswith("Left out: ")]
    assert result.parseoutcomes()["passed"] == 1 + len(markers) - len(lines)
    return [line.removeprefix("Left out: ") for line in lines]


def test_an_empty_machine_runs_what_needs_nothing(
    machine: Machine, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in availability.TRAINING:
        monkeypatch.setitem(sys.modules, module, None)
    lines = left_out(pytester, *(group.marker for group in availability.GROUPS))
    assert [line.split(":")[0] for line in lines] == [f"1 test {group.what}" for group in availability.GROUPS]


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ({}, f"Chromium and {DRIVER} not installed {INSTALL}"),
        ({"chromium": "Chromium 120.0.1"}, f"{DRIVER} not installed {INSTALL}"),
        ({"chromedriver": "ChromeDriver 120.0.1"}, f"Chromium not installed {INSTALL}"),
        ({"chromium": "Chromium 120.0.1", "chromedriver": "ChromeDriver 119.0.1"},
         "Chromium 120 and its driver 119 do not fit"),
        ({"google-chrome": "Google Chrome 120.0.1", "chromedriver": "ChromeDriver 120.0.2"}, None),
        ({"chromium": "Chromium 120.0.1 snap", "chromium.chromedriver": "ChromeDriver 120.0.1"}, None),
    ],
)  # fmt: skip
def test_a_browser_and_its_driver(
    machine: Machine, pytester: pytest.Pytester, programs: dict[str, str], reason: str | None
) -> None:
    for name, says in programs.items():
        machine.has(name, says)
    assert left_out(pytester, "browser") == ([f"1 test in a browser: {reason}."] if reason else [])


def test_a_browser_that_cannot_be_started(machine: Machine, pytester: pytest.Pytester) -> None:
    machine.has("chromium-browser", "please install the snap", status=1)
    machine.has("chromedriver", "ChromeDriver 120.0.1")
    assert left_out(pytester, "browser") == [f"1 test in a browser: Chromium cannot be started {INSTALL}."]


def test_a_driver_beside_the_browser(machine: Machine, pytester: pytest.Pytester) -> None:
    elsewhere = machine.folder / "opt"
    browser = machine.has("chromium", "Chromium 120.0.1", at=elsewhere)
    driver = machine.has("chromedriver", "ChromeDriver 120.0.1", at=elsewhere)
    (machine.programs / "chromium").symlink_to(browser)
    assert left_out(pytester, "browser") == []
    assert availability.browser_driver() == str(driver)


@pytest.mark.parametrize(
    ("program", "other", "lacks", "package"),
    [
        ("promtool", "amtool", "of the routes of alarms: amtool", "prometheus-alertmanager"),
        ("amtool", "promtool", "of the alarm rules: promtool", "prometheus"),
    ],
)
def test_one_tool_of_the_alarms_without_the_other(
    machine: Machine, pytester: pytest.Pytester, program: str, other: str, lacks: str, package: str
) -> None:
    machine.has(program)
    reason = f"{lacks} not installed (Debian and Ubuntu: apt install {package})"
    assert left_out(pytester, program, other) == [f"1 test {reason}."]


def test_alertmanager_by_either_name(machine: Machine, pytester: pytest.Pytester) -> None:
    machine.has("amtool")
    reason = "Alertmanager not installed (Debian and Ubuntu: apt install prometheus-alertmanager)"
    assert left_out(pytester, "alertmanager") == [f"1 test against the real Alertmanager: {reason}."]
    program = machine.has("alertmanager")
    assert left_out(pytester, "alertmanager") == []
    assert availability.alertmanager() == str(program)


def test_real_servers_that_nobody_asked_for(machine: Machine, pytester: pytest.Pytester) -> None:
    (line,) = left_out(pytester, "real")
    assert line == (
        "1 test against the real Kafka and Elasticsearch: set GROUNDSWELL_TEST_REAL=1 to run them "
        "(needs a JDK 21 or later and Maven)."
    )


@pytest.mark.parametrize(
    ("java", "maven", "fetched", "reason"),
    [
        ((), True, False, f"Java: {NO_JAVA}none"),
        ((17,), True, False, f"Java: {NO_JAVA}17"),
        ((17, 21), False, False, "Maven (mvn): is not installed"),
        ((21,), False, True, None),
        ((25,), True, False, None),
    ],
)
def test_half_of_what_the_real_servers_need(
    machine: Machine,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    java: tuple[int, ...],
    maven: bool,
    fetched: bool,
    reason: str | None,
) -> None:
    monkeypatch.setenv(availability.REAL, "1")
    for version in java:
        machine.has_java(version)
    if maven:
        machine.has("mvn")
    if fetched:
        distribution_folder(machine.folder / "real").mkdir(parents=True)
    lines = left_out(pytester, "real")
    assert len(lines) == (reason is not None)
    assert all(line.startswith(f"1 test against the real Kafka and Elasticsearch: {reason}") for line in lines)


@pytest.mark.parametrize("absent", [("torch",), ("torch", "transformers"), ("sklearn",), ("onnx",)])
def test_part_of_what_training_needs(
    machine: Machine, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, absent: tuple[str, ...]
) -> None:
    monkeypatch.setattr(availability, "TRAINING", {name: availability.TRAINING[name] for name in absent})
    for module in absent:
        monkeypatch.setitem(sys.modules, module, None)
    packages = " and ".join(availability.TRAINING[name] for name in absent)
    (line,) = left_out(pytester, "torch")
    assert line == f"1 test of training and of the torch model: {packages} not installed (make install-train)."


def test_no_c_compiler(machine: Machine, pytester: pytest.Pytester) -> None:
    (line,) = left_out(pytester, "compiler")
    assert line.startswith("1 test of compiled modules: no C compiler (")


def test_slow_tests_run_when_all_are_asked_for(
    machine: Machine, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert left_out(pytester, "slow") == ["1 test of more than ten seconds: set GROUNDSWELL_TEST_ALL=1 to run them."]
    monkeypatch.setenv(availability.ALL, "1")
    assert left_out(pytester, "slow") == []


def test_a_test_with_two_markers_is_counted_once(machine: Machine, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(HOOKS)
    pytester.makepyfile("import pytest\n@pytest.mark.real\n@pytest.mark.slow\ndef test_both(): pass")
    result = pytester.runpytest_inprocess(*BARE)
    assert len([line for line in result.outlines if line.startswith("Left out: 1 test ")]) == 1


def test_workers_side_by_side_say_it_once(machine: Machine, pytester: pytest.Pytester) -> None:
    result = run(pytester, "slow", options=("--numprocesses", "2"))
    assert result.ret == pytest.ExitCode.OK
    assert sum(line.startswith("Left out: 1 test ") for line in result.outlines) == 1


def test_strict_refuses_to_leave_anything_out(
    machine: Machine, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(availability.STRICT, "1")
    result = run(pytester, "slow")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*GROUNDSWELL_TEST_STRICT=1 leaves nothing out, but:", "*GROUNDSWELL_TEST_ALL=1*"])


def test_strict_counts_a_skipped_test_as_failed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(availability.STRICT, "1")
    monkeypatch.setattr("tests.conftest.GROUPS", ())
    pytester.makeconftest(HOOKS)
    pytester.makepyfile("import pytest\ndef test_skipped(): pytest.skip('no reason')")
    result = pytester.runpytest_inprocess(*BARE)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["Failed: 1 skipped, and GROUNDSWELL_TEST_STRICT=1 leaves nothing out."])
