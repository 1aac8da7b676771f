"""Tools that the servers need on this machine, and what to install where they are missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import TerminalError

KAFKA_JAVA = 17
ELASTICSEARCH_JAVA = 21
JVM_FOLDERS = (Path("/usr/lib/jvm"), Path("/Library/Java/JavaVirtualMachines"), Path("/opt/java"))


class MissingTool(TerminalError):
    """A program that the real servers need is not on this machine."""


def find_java(minimum: int, environment: Mapping[str, str] = os.environ) -> Path:
    """Home of a JDK of at least version `minimum`: the one of ES_JAVA_HOME or JAVA_HOME, else the newest installed.

    Raises `MissingTool` naming what was found and what to install.
    """
    found: list[tuple[int, Path]] = []
    for home, named in _homes(environment):
        version = java_version(home)
        if version >= minimum and named:
            return home
        if version:
            found.append((version, home))
    fitting = [entry for entry in found if entry[0] >= minimum]
    if fitting:
        return max(fitting)[1]
    seen = ", ".join(sorted({str(version) for version, _ in found})) or "none"
    raise MissingTool(
        f"needs a JDK of version {minimum} or later; found: {seen}",
        subject="Java",
        todo="Install one (Debian and Ubuntu: apt install openjdk-21-jdk-headless, or a build from adoptium.net) "
        "or name its folder in ES_JAVA_HOME",
    )


def find_maven(environment: Mapping[str, str] = os.environ) -> str:
    """Path of ``mvn``; raises `MissingTool`."""
    path = shutil.which("mvn", path=environment.get("PATH"))
    if path is None:
        raise MissingTool(
            "is not installed; it fetches Kafka and Elasticsearch from Maven Central",
            subject="Maven (mvn)",
            todo="Install it (Debian and Ubuntu: apt install maven; macOS: brew install maven)",
        )
    return path


def java_version(home: Path) -> int:
    """Major version of the JDK in `home`, 0 when there is none."""
    program = home / "bin" / "java"
    if not program.is_file():
        return 0
    try:
        match = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text(), re.MULTILINE)
    except OSError:
        match = None
    if match is None:
        shown = subprocess.run([program, "-version"], capture_output=True, text=True, check=False, timeout=30)
        match = re.search(r'version "(\d+)', shown.stderr)
    return int(match[1]) if match else 0


def _homes(environment: Mapping[str, str]) -> Iterator[tuple[Path, bool]]:
    """Where a JDK may be, and whether a person named it."""
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if environment.get(variable):
            yield Path(environment[variable]), True
    for folder in JVM_FOLDERS:
        for home in sorted(folder.glob("*")):
            yield home, False
            yield home / "Contents" / "Home", False
    program = shutil.which("java", path=environment.get("PATH"))
    if program:
        yield Path(program).resolve().parent.parent, False
