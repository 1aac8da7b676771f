"""Guarantees of stages and networks, what can still go wrong, and the tests that show it.

They stand in `guarantees.toml`; `docs/failures.md` has them as a table, kept current by a test, and `groundswell
doctor` prints what concerns the installation at hand.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.settings.settings import Settings

SOURCE = Path(__file__).with_suffix(".toml")


class Guarantee(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds at a stage or on a network, and what may go wrong all the same.

    `tests`: files, or functions in them, that show it; `concerns`: the part that an installation must have for it.
    """

    where: str
    holds: str
    remains: str
    tests: tuple[str, ...]
    concerns: str = ""


class _Document(Struct, forbid_unknown_fields=True):
    guarantee: tuple[Guarantee, ...]


@cache
def guarantees() -> tuple[Guarantee, ...]:
    """All of them, from the network to the receiver of an alert."""
    return msgspec.toml.decode(SOURCE.read_bytes(), type=_Document).guarantee


def parts(settings: Settings) -> set[str]:
    """The parts of an installation that some guarantees are about; "" stands for what every one has."""
    kafka, alert = settings.kafka, settings.alert
    found = {"", "kafka" if kafka.bootstrap and not kafka.embedded else "embedded"}
    found.add("elasticsearch" if settings.index.url else "sqlite")
    found |= {"webhook"} if alert.webhook_url else set()
    return found | ({"alertmanager"} if alert.alertmanager_url else set())


def of_installation(settings: Settings) -> list[Guarantee]:
    """The guarantees of the parts that an installation has."""
    present = parts(settings)
    return [guarantee for guarantee in guarantees() if guarantee.concerns in present]


def markdown() -> str:
    """The table of `docs/failures.md`."""
    rows = [
        f"| {row.where} | {row.holds} | {row.remains} | {', '.join(f'`{test}`' for test in row.tests)} |"
        for row in guarantees()
    ]
    return "\n".join(("| where | what holds | what can still go wrong | test |", "|---|---|---|---|", *rows))
