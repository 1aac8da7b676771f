"""Takes one protection after the other out of an installation, and sees whether the ledger notices.

A check that cannot fail is none.  Each protection has an installation of its own, in which the faults it is there for
come one by one until something is wrong.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from unittest.mock import patch

from msgspec import Struct

from pipeline.compiled import PURE
from tests.chaos.campaign import campaign
from tests.chaos.installation import ROOT
from tests.chaos.ledger import Anomaly
from tests.chaos.protections import WITHOUT, Protection

HOOK = """\
import os, traceback
try:
    from tests.chaos.protections import remove
    remove()
except BaseException:  # which Python would pass over
    traceback.print_exc()
    os._exit(70)
"""
"""Python imports this before anything else of a worker (`sitecustomize`)."""

HEAD = """\
| protection | faults, until one did harm | seen as |
|---|---|---|
"""


class Finding(Struct):
    """What came of the faults with a protection out."""

    protection: str
    kinds: list[str]
    anomalies: list[Anomaly]


async def without(protection: Protection, seed: int, tries: int, say: Callable[[str], None]) -> Finding:
    """Inject its faults in turn, `tries` at most, until there is an anomaly."""
    say(f"without: {protection.name}")
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    steps = [(kind,) for kind in islice(cycle(protection.kinds), tries)]
    with taken_out(protection.name, folder):
        outcome = await campaign(folder, steps, seed, check_every=1, say=say)
    kinds = [injection.kind for injection in outcome.injections]
    return Finding(protection.name, kinds, outcome.injections[-1].anomalies)


@contextmanager
def taken_out(name: str, folder: Path) -> Iterator[None]:
    """Processes that are started meanwhile are without a protection."""
    (folder / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    variables = {WITHOUT: name, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", PURE: "1"}
    with patch.dict(os.environ, variables):
        yield


def markdown(findings: Sequence[Finding]) -> str:
    """A row a protection."""
    return HEAD + "".join(
        f"| {finding.protection} | {', '.join(finding.kinds)} | {_seen(finding.anomalies)} |\n" for finding in findings
    )


def _seen(anomalies: Sequence[Anomaly]) -> str:
    words = "; ".join(f"{anomaly.name}: {anomaly.what}" for anomaly in anomalies[:2])
    return words.replace("|", "\\|") or "not found"
