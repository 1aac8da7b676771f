"""Fetches the servers from Maven Central, once: versions are pinned in pom.xml."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from deploy.local.tools import KAFKA_JAVA, find_java, find_maven
from pipeline.errors import TerminalError

POM = Path(__file__).with_name("pom.xml")


class Distribution(NamedTuple):
    """Where the unpacked servers are."""

    kafka: Path
    """Folder of jars."""
    elasticsearch: Path
    """Home, with bin/ and modules/."""


def fetch(base: Path) -> Distribution:
    """The servers of the pinned versions under `base`; needs the network only the first time.

    The folder is named by the content of pom.xml, so that changed versions are fetched anew.
    Raises `MissingTool` without Maven or Java, `TerminalError` when Maven fails.
    """
    target = distribution_folder(base)
    if not target.exists():
        base.mkdir(parents=True, exist_ok=True)
        partial = base / f"{target.name}.partial-{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        _run_maven(partial, base / "maven.log")
        partial.rename(target)
    homes = sorted(target.glob("elasticsearch-*"))
    if len(homes) != 1 or not (target / "kafka" / "libs").is_dir():
        raise TerminalError("is incomplete", subject=str(target), todo="Delete the folder and try again")
    return Distribution(target / "kafka" / "libs", homes[0])


def distribution_folder(base: Path) -> Path:
    """Where the servers of the pinned versions are, or will be, under `base`."""
    return base / f"dist-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def _run_maven(target: Path, log: Path) -> None:
    command = [find_maven(), "-B", "-f", str(POM), f"-Dtarget={target}", "process-resources"]
    environment = {**os.environ, "JAVA_HOME": str(find_java(KAFKA_JAVA))}
    with log.open("wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=environment, check=False)
    if done.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        lines = [line for line in log.read_text(errors="replace").splitlines() if "ERROR" in line]
        raise TerminalError(
            f"could not fetch the servers: {lines[0] if lines else 'see the log'}",
            subject="mvn",
            todo=f"Is Maven Central, or the mirror in ~/.m2/settings.xml, in reach? Details: {log}",
        )
