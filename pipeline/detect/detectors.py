"""A detector for each number of false alarms that is promised to some entity."""

from __future__ import annotations

from pipeline.detect.detector import Detector
from pipeline.detect.promise import Promise


class Detectors:
    """Detectors by what was promised; few, however many the entities."""

    def __init__(self, false_alarms: float | Promise) -> None:
        """`false_alarms`: per entity and month, or what is promised to whom."""
        self.promise = false_alarms if isinstance(false_alarms, Promise) else Promise(false_alarms)
        self._rest = Detector(self.promise.each)
        self._own: dict[str, Detector] = {}
        made: dict[float, Detector] = {}
        for entity in (entity for team in self.promise.teams for entity in team.entities):
            rate = self.promise.of(entity)
            detector = made.get(rate)
            if detector is None:
                detector = made[rate] = Detector(rate)
            self._own[entity] = detector

    def of(self, entity: str) -> Detector:
        """The detector that keeps the promise for this entity."""
        return self._own.get(entity, self._rest)
