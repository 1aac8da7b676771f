"""What a network may cost a day: requests, posts, bytes, money.

Spending is asked for beforehand, so that a budget is never overrun.  The day is that of UTC, as most networks have it.
What was spent survives a crash: it is stored ahead of the spending, in hundredths of the limit.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from pipeline.errors import Busy
from pipeline.ingest.cursor import CursorStore
from pipeline.settings.networks import BudgetSettings

BudgetKind = Literal["requests", "posts", "bytes", "money"]
KINDS: tuple[BudgetKind, ...] = get_args(BudgetKind)

STEPS = 100
"""Parts of a limit in which spending is stored."""


class BudgetSpent(Busy):
    """The budget of a network and day does not allow more of something; `after` is until the next day."""


class Budget:
    """The budget of one network; shared by its agents.  May be used from any thread.

    Guarantees: what `spend` has allowed on a day never exceeds the limit, over any number of restarts; after a crash up
    to a hundredth of it may count as spent that was not.
    """

    def __init__(
        self,
        network: str,
        limits: BudgetSettings | None = None,
        store: CursorStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Without limits nothing is refused, and nothing stored."""
        self._network = network
        self._limits: dict[BudgetKind, float] = {kind: float(getattr(limits, kind, 0)) for kind in KINDS}
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._day = date.min
        self._spent: dict[BudgetKind, float] = {}
        self._stored: dict[BudgetKind, float] = {}

    def spend(self, kind: BudgetKind, amount: float = 1.0) -> None:
        """Ask for so much; raises `BudgetSpent` when it would be too much, and then counts nothing."""
        with self._lock:
            self._turn()
            limit, spent = self._limits[kind], self._spent[kind] + amount
            if limit and spent > limit:
                raise BudgetSpent(
                    f"the day's budget of {limit:,g} {kind} is spent",
                    subject=self._network,
                    todo=f"It goes on at midnight UTC; ingest.{self._network}.budget.{kind} allows more",
                    after=self._until_midnight(),
                )
            self._spent[kind] = spent
            if limit and self._store is not None and spent > self._stored[kind]:
                step = limit / STEPS
                self._stored[kind] = min(limit, math.ceil(spent / step) * step)
                self._store.save_spent(self._network, self._day, kind, self._stored[kind])

    def left(self) -> dict[str, float]:
        """What is left today of each kind that has a limit."""
        with self._lock:
            self._turn()
            return {kind: limit - self._spent[kind] for kind, limit in self._limits.items() if limit}

    def _turn(self) -> None:
        """Begin a new day when it is one; a clock that goes back to an earlier day begins none."""
        today = datetime.fromtimestamp(self._clock(), UTC).date()
        if today <= self._day:
            return
        self._day = today
        stored = self._store.spent(self._network, today) if self._store is not None else {}
        self._spent = {kind: stored.get(kind, 0.0) for kind in KINDS}
        self._stored = dict(self._spent)

    def _until_midnight(self) -> float:
        midnight = datetime.combine(self._day + timedelta(days=1), datetime.min.time(), UTC)
        return max(1.0, midnight.timestamp() - self._clock())
