"""Schedules of stories and of outages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.simulate.background import DAY
from pipeline.simulate.delivery import Outage
from pipeline.simulate.events import Order
from pipeline.simulate.limits import STORY_KINDS, StoryKind

_MONTH = 30.0
_ROOM: dict[StoryKind, float] = {"groundswell": 8.0}
_USUAL_ROOM = 1.5
"""Days that a story keeps free of others of the same entity, so that a label stands for one thing."""


@dataclass(frozen=True, slots=True)
class StoryRates:
    """Stories per entity and month; the first `warm_up` days have none."""

    cascade: float = 1.0
    groundswell: float = 0.3
    amplification: float = 0.1
    repost_flood: float = 0.4
    promotion: float = 0.4
    news_surge: float = 0.4
    brigade: float = 0.3
    warm_up: float = 7.0

    def kinds(self) -> list[tuple[StoryKind, float]]:
        """Each kind with its rate."""
        return [(kind, getattr(self, kind)) for kind in STORY_KINDS]


def draw_orders(rng: np.random.Generator, entity: int, rates: StoryRates, start: float, days: int) -> list[Order]:
    """The stories of one entity, by start; those for which there is no room are left out.

    With fewer days than three times the warm-up, the warm-up is a third of the days.
    """
    first = min(rates.warm_up, days / 3.0)
    span = days - first
    wanted = [kind for kind, rate in rates.kinds() for _ in range(int(rng.poisson(rate * span / _MONTH)))]
    placed: list[tuple[float, float, StoryKind]] = []
    for i in rng.permutation(len(wanted)):
        kind = wanted[i]
        room = _ROOM.get(kind, _USUAL_ROOM)
        for _ in range(20):
            at = first + float(rng.random()) * max(0.0, span - room / 2.0)
            if all(at + room <= other or at >= other + width for other, width, _ in placed):
                placed.append((at, room, kind))
                break
    placed.sort()
    return [Order(kind, entity, start + at * DAY, number) for number, (at, _, kind) in enumerate(placed)]


def draw_outages(rng: np.random.Generator, rate: float, start: float, days: int) -> list[Outage]:
    """Silences of an entity's source over the plan; `rate` per month."""
    count = int(rng.poisson(rate * days / _MONTH))
    begins = np.sort(start + rng.random(count) * days * DAY)
    return [Outage(float(b), float(b + rng.uniform(1_200.0, 7_200.0))) for b in begins]
