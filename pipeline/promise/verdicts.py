"""Stores the verdicts of people on incidents: real, false, known, or too late.

Kept in a small SQLite file in the data folder.  Rows are only ever added: a later verdict on an incident replaces an
earlier one in what is shown, and the history stays.  Precision per rule can be computed from here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from pipeline.contracts.incidents import IncidentEvent
from pipeline.errors import TransientError
from pipeline.promise.verdict import Verdict

FILE = "acknowledgements.sqlite"
"""Name of the file in the data folder."""

_TABLE = """
CREATE TABLE IF NOT EXISTS acknowledgements (
  number INTEGER PRIMARY KEY, incident_id TEXT NOT NULL, verdict TEXT NOT NULL, note TEXT NOT NULL,
  person TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, rule TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_incident ON acknowledgements (incident_id, number);
"""
_NEWEST = """
SELECT a.incident_id, a.verdict, a.note, a.person, a.at, a.kind, a.rule FROM acknowledgements a
JOIN (SELECT incident_id, MAX(number) AS number FROM acknowledgements GROUP BY incident_id) USING (number)
"""


class GivenVerdict(Struct, frozen=True):
    """A verdict; `kind` and `rule` are the incident's, `person` whoever gave it."""

    incident_id: str
    verdict: Verdict
    note: str
    person: str
    at: datetime
    kind: str
    rule: str


class VerdictStore:
    """The verdicts of a data folder.  Every method may raise `TransientError` when the file is locked or unusable."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def record(self, incident: IncidentEvent, verdict: Verdict, *, note: str = "", person: str = "") -> GivenVerdict:
        """Keep a verdict; on return it survives a crash."""
        given = GivenVerdict(
            incident.incident_id, verdict, note[:2_000], person[:200], datetime.now(UTC), incident.kind,
            incident.test.name,
        )  # fmt: skip
        row = (given.incident_id, given.verdict, given.note, given.person, given.at.isoformat(), given.kind, given.rule)
        try:
            with closing(self._open()) as db, db:
                db.execute(
                    "INSERT INTO acknowledgements (incident_id, verdict, note, person, at, kind, rule) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
        except (sqlite3.Error, OSError) as error:
            raise self._trouble(error) from error
        return given

    def newest(self, incident_ids: Iterable[str] | None = None) -> dict[str, GivenVerdict]:
        """The latest verdict on each of these incidents, or on every one."""
        if not self._path.exists():
            return {}
        wanted = None if incident_ids is None else set(incident_ids)
        try:
            with closing(self._open()) as db:
                rows = db.execute(_NEWEST).fetchall()
        except (sqlite3.Error, OSError) as error:
            raise self._trouble(error) from error
        found = (
            GivenVerdict(incident_id, verdict, note, person, datetime.fromisoformat(at), kind, rule)
            for incident_id, verdict, note, person, at, kind, rule in rows
        )
        return {given.incident_id: given for given in found if wanted is None or given.incident_id in wanted}

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=5.0)
        db.executescript(_TABLE)
        return db

    def _trouble(self, error: Exception) -> TransientError:
        return TransientError(f"cannot be used ({error})", subject=str(self._path), todo="Is the disk full or locked?")


def with_verdict(event: IncidentEvent, given: GivenVerdict | None) -> dict[str, Any]:
    """An event as JSON has it, with the newest verdict on its incident under `acknowledged`."""
    fields: dict[str, Any] = to_builtins(event)
    return fields | {"acknowledged": to_builtins(given)}
