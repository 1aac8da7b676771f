"""The demonstration: ten invented companies, some quiet days, then a live snowball.

The *backlog* is what was said on the days before; it is due at once.  Then the clock of the simulation runs `SPEED`
times as fast as the one on the wall, one second being one minute, until it has caught up with it; from then on it keeps
pace.  No time of a post lies in the future of the moment at which it is due.  docs/simulator.md tells what happens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

import numpy as np
from msgspec import Struct

from pipeline.contracts.posts import Post
from pipeline.simulate.background import DAY, Profile
from pipeline.simulate.companies import demo_companies
from pipeline.simulate.delivery import Lateness
from pipeline.simulate.events import Order, Story, utc
from pipeline.simulate.limits import StoryKind
from pipeline.simulate.scribe import Scribe
from pipeline.simulate.streams import Plan, Stream

SPEED = 60.0
"""Seconds of the simulation in a second on the wall, until it has caught up."""
BACKLOG_DAYS = 6
LIVE_DAYS = 1.0
"""How far behind the wall clock the live part starts."""
CHATTER = "demo:nobody"
"""Talk about no company at all; the linker should let it go."""

_FOREVER = 36_500
_COMPANIES = (
    # level, peak hour, share of negatives, share of positives; the order is that of the catalogue
    (95.0, 14.0, 0.20, 0.22),
    (80.0, 12.0, 0.18, 0.15),
    (100.0, 18.0, 0.22, 0.15),
    (65.0, 17.0, 0.15, 0.30),
    (90.0, 20.0, 0.15, 0.32),
    (50.0, 11.0, 0.18, 0.15),
    (75.0, 13.0, 0.22, 0.20),
    (60.0, 10.0, 0.17, 0.15),
    (70.0, 16.0, 0.18, 0.25),
    (65.0, 21.0, 0.17, 0.25),
)
_CHATTER_LEVEL = 60.0


class _Scene(Struct, frozen=True):
    """A story of the script; `second` is on the wall, after the start of the live part."""

    second: float
    kind: StoryKind
    company: int
    size: int
    branching: float | None = None
    pace: float | None = None
    threaded: float | None = None


_SCRIPT = (
    _Scene(8.0, "cascade", 0, 320, branching=1.25, pace=150.0, threaded=0.9),
    _Scene(60.0, "promotion", 2, 260),
    _Scene(130.0, "repost_flood", 4, 240),
    _Scene(210.0, "brigade", 7, 110),
    _Scene(300.0, "cascade", 6, 180, branching=0.85, pace=300.0, threaded=0.35),
    _Scene(420.0, "news_surge", 1, 220),
)
_LOOP_FROM = 600.0
_LOOP_KINDS: tuple[StoryKind, ...] = ("cascade", "promotion", "cascade", "repost_flood", "cascade", "news_surge")


class ScriptedStory(Struct, frozen=True, kw_only=True):
    """What the simulation does: a story, the company's name, and the second at which it begins (0: in the backlog)."""

    story: Story
    name: str
    due: float

    def line(self) -> str:
        """One line for a person."""
        verdict = "should be noticed" if self.story.incident else "should not page"
        what = {"cascade": "snowball", "repost_flood": "repost flood", "news_surge": "news surge"}
        kind = what.get(self.story.kind, self.story.kind)
        return f"{self.due:6.0f} s  {self.name}: {kind}, {self.story.size} posts ({verdict})"


class Demo:
    """The demonstration of one seed, as it looks to somebody who starts it at `now` (with its zone).

    Guarantees: the same seed and `now` give the same posts; arrivals (`ingested_at`) rise strictly; nothing is dated
    later than `now` + the second at which it is due; every post has an id of a network called ``demo-…``.
    """

    def __init__(self, seed: int, now: datetime, *, speed: float = SPEED, live_days: float = LIVE_DAYS) -> None:
        if now.tzinfo is None:
            raise ValueError("`now` needs a time zone")
        self.seed = seed
        self.speed = speed
        self._now = now.timestamp()
        self._live = self._now - live_days * DAY
        self._start = self._live - BACKLOG_DAYS * DAY
        self._names = {company.id: company.name for company in demo_companies()}

    @property
    def live_from(self) -> datetime:
        """Where the simulation's clock stands when the live part starts."""
        return utc(self._live)

    def clock(self, seconds: float) -> datetime:
        """The simulation's time, `seconds` after the start."""
        return utc(min(self._live + self.speed * seconds, self._now + seconds))

    def posts(self) -> Iterator[tuple[Post, float]]:
        """Every post with the second after the start at which it is due; the backlog at 0.  It does not end."""
        stream = self._stream()
        scribe = Scribe(self.seed, demo_companies(), stream.stories)
        last = -math.inf
        for event in stream:
            arrived = max(event.arrived, last + 0.001)
            last = arrived
            yield scribe.post(event._replace(arrived=arrived)), self._due(arrived)

    def script(self, seconds: float = 1_200.0) -> list[ScriptedStory]:
        """What happens in the backlog and in the first `seconds`: the labels."""
        stream = self._stream()
        end = self.clock(seconds).timestamp()
        for columns in stream.days():
            if len(columns) and columns["arrived"][-1] > end:
                break
        scripted = [
            ScriptedStory(story=story, name=self._names[story.entity], due=self._due(story.start.timestamp()))
            for story in stream.stories
        ]
        return sorted((story for story in scripted if story.due <= seconds), key=lambda story: story.due)

    def _due(self, at: float) -> float:
        """Seconds after the start at which the simulation's clock shows `at`, rounded up to a millisecond."""
        if at <= self._live:
            return 0.0
        return math.ceil(max((at - self._live) / self.speed, at - self._now) * 1_000.0) / 1_000.0

    def _stream(self) -> Stream:
        names = (*self._names, CHATTER)
        plan = Plan(
            seed=self.seed,
            entities=len(names),
            days=_FOREVER,
            start=self._start,
            lateness=Lateness(late=0.01, repeated=0.005, outages=0.0),
            prefix="demo",
            names=names,
            profiles=_profiles(),
        )
        return Stream(plan, self._orders())

    def _orders(self) -> Iterator[Order]:
        """The script, then ever new stories with the company that has rested longest."""
        for number, scene in enumerate(_SCRIPT):
            start = self.clock(scene.second).timestamp()
            yield Order(
                scene.kind,
                scene.company,
                start,
                number,
                scene.size,
                branching=scene.branching,
                pace=scene.pace,
                threaded=scene.threaded,
            )
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(10**6,)))
        resting = [3, 5, 8, 9, 0, 2, 4, 7, 6, 1]
        at = self.clock(_LOOP_FROM).timestamp()
        number = len(_SCRIPT)
        while True:
            kind = _LOOP_KINDS[number % len(_LOOP_KINDS)]
            yield Order(kind, resting[number % len(resting)], at, number, int(rng.integers(90, 320)))
            at += float(rng.uniform(3.0, 5.0)) * 3_600.0
            number += 1


def demo_posts(seed: int, now: datetime) -> Iterator[tuple[Post, float]]:
    """The posts of the demonstration with the second after the start at which each is due.  It does not end."""
    return Demo(seed, now).posts()


def _profiles() -> tuple[Profile, ...]:
    companies = tuple(
        Profile(
            level=level,
            peak_hour=peak,
            amplitude=0.5,
            weekend=0.85,
            dispersion=25.0,
            drift=0.02,
            negative=negative,
            positive=positive,
            thread=0.22,
        )
        for level, peak, negative, positive in _COMPANIES
    )
    chatter = Profile(_CHATTER_LEVEL, 15.0, 0.5, 1.0, 30.0, 0.02, 0.05, 0.2, 0.0)
    return (*companies, chatter)
