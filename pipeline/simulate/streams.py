"""Labelled synthetic streams: background, stories on top of it, and their delivery.

Each entity has random generators of its own, and so have its background, each of its stories and their deliveries.  So
the same seed gives the same stream; a stream without stories is the same background; more entities or more days leave
what was there as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.simulate import stories as story_generators
from pipeline.simulate.background import DAY, Background, Profile, draw_profile
from pipeline.simulate.cascades import CascadeShape, cascade, draw_shape
from pipeline.simulate.delivery import Lateness, Outage, SentimentErrors, deliver, observe
from pipeline.simulate.events import EVENT, INCIDENTS, KINDS, Columns, Event, Order, Story, utc
from pipeline.simulate.schedule import StoryRates, draw_orders, draw_outages

EPOCH = 1_767_225_600.0
"""1 January 2026, 00:00 UTC: where a stream starts unless a plan says otherwise."""

STORY_POSTS = 10**8
"""The posts of story number n are numbered from (n + 1) times this; background posts from 0."""

_PROFILE, _BACKGROUND, _DELIVERY, _ORDERS, _OUTAGES, _STORY = range(6)

_GENERATORS = {
    "groundswell": story_generators.groundswell,
    "amplification": story_generators.amplification,
    "repost_flood": story_generators.repost_flood,
    "promotion": story_generators.promotion,
    "news_surge": story_generators.news_surge,
    "brigade": story_generators.brigade,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate.  `entities` and `days` (of 24 h from `start`, seconds since 1970) set the size."""

    seed: int = 0
    entities: int = 10
    days: int = 30
    start: float = EPOCH
    null: bool = False
    """Nothing but background: whatever pages is a false alarm."""
    rates: StoryRates = field(default_factory=StoryRates)
    errors: SentimentErrors = field(default_factory=SentimentErrors)
    lateness: Lateness = field(default_factory=Lateness)
    prefix: str = "sim"
    names: tuple[str, ...] = ()
    """Ids of the entities, where they should not be the prefix and a number."""
    profiles: tuple[Profile, ...] = ()
    """Given instead of drawn, one an entity."""

    @property
    def end(self) -> float:
        """When the last day ends; nothing is written after it, though late posts may arrive."""
        return self.start + self.days * DAY


class Stream:
    """The events of a plan, in order of arrival.

    Guarantees: deterministic; arrivals never go back; a post's first delivery precedes its repeats; `stories` holds a
    story before any of its events is given, and all of them at the end; memory grows with one day and the stories in
    progress, not with the number of days.  One iteration at a time.  `orders` (by start) replaces the stories that the
    plan would draw; it may be endless.
    """

    def __init__(self, plan: Plan, orders: Iterable[Order] | None = None) -> None:
        if plan.profiles and len(plan.profiles) != plan.entities:
            raise ValueError(f"{plan.entities} entities need as many profiles, not {len(plan.profiles)}")
        if plan.names and len(plan.names) != plan.entities:
            raise ValueError(f"{plan.entities} entities need as many names, not {len(plan.names)}")
        self.plan = plan
        self.stories: list[Story] = []
        self.entity_ids = plan.names or tuple(f"{plan.prefix}:{e}" for e in range(plan.entities))
        self._given = orders
        self.profiles = plan.profiles or tuple(draw_profile(self._rng(e, _PROFILE)) for e in range(plan.entities))

    def __iter__(self) -> Iterator[Event]:
        for columns in self.days():
            yield from self.rows(columns)

    def days(self) -> Iterator[Columns]:
        """One array a day of what arrives in it, in order of arrival; a last one with what comes after the end."""
        plan = self.plan
        self.stories.clear()
        backgrounds = [Background(e, p, self._rng(e, _BACKGROUND)) for e, p in enumerate(self.profiles)]
        deliveries = [self._rng(e, _DELIVERY) for e in range(plan.entities)]
        outages = [
            draw_outages(self._rng(e, _OUTAGES), plan.lateness.outages, plan.start, plan.days)
            for e in range(plan.entities)
        ]
        orders = _Queue(self._orders())
        waiting: dict[int, list[Columns]] = defaultdict(list)
        for day in range(plan.days):
            start = plan.start + day * DAY
            for e, background in enumerate(backgrounds):
                self._await(waiting, self._finish(background.day(start), deliveries[e], outages[e]))
            for order in orders.until(start + DAY):
                self._await(waiting, self._deliver_story(order, outages[order.entity]))
            yield _sorted(waiting.pop(day, []))
        yield _sorted([columns for chunk in sorted(waiting) for columns in waiting[chunk]])

    def rows(self, columns: Columns) -> Iterator[Event]:
        """The same events as rows, with their ids as strings."""
        prefix, ids = self.plan.prefix, self.entity_ids
        for (
            e,
            author,
            post,
            parent,
            root,
            text,
            text_kind,
            created,
            arrived,
            kind,
            polarity,
            negative,
            story,
            repeat,
        ) in columns.tolist():
            entity = ids[e]
            yield Event(
                entity,
                f"{prefix}:u{author}",
                f"{entity}.{post}",
                f"{entity}.{parent}" if parent >= 0 else None,
                f"{entity}.{root}",
                created,
                arrived,
                KINDS[kind],
                polarity,
                negative,
                f"{e}.{text}",
                KINDS[text_kind],
                "" if story < 0 else f"{entity}.s{story}",
                repeat,
            )

    def _rng(self, entity: int, *purpose: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.plan.seed, spawn_key=(entity, *purpose)))

    def _orders(self) -> Iterable[Order]:
        plan = self.plan
        if self._given is not None:
            return self._given
        if plan.null:
            return ()
        drawn = [
            order
            for e in range(plan.entities)
            for order in draw_orders(self._rng(e, _ORDERS), e, plan.rates, plan.start, plan.days)
        ]
        return sorted(drawn, key=lambda order: (order.start, order.entity))

    def _finish(self, events: Columns, rng: np.random.Generator, outages: list[Outage]) -> Columns:
        """Cut at the end of the plan, read by the model, delivered."""
        events["text_kind"] = _kinds_of_originals(events)
        observe(rng, events, self.plan.errors)
        within = events[events["created"] < self.plan.end]
        return deliver(rng, within, self.plan.lateness, outages)

    def _deliver_story(self, order: Order, outages: list[Outage]) -> Columns:
        """The deliveries of one story; its label is noted."""
        rng = self._rng(order.entity, _STORY, order.number)
        profile = self.profiles[order.entity]
        shape: CascadeShape | None = None
        if order.kind == "cascade":
            shape = draw_shape(rng, order)
            events = cascade(rng, order, profile, shape)
        else:
            events = _GENERATORS[order.kind](rng, order, profile)
        events["entity"] = order.entity
        events["story"] = order.number
        for name in ("post", "root", "text"):
            events[name] += (order.number + 1) * STORY_POSTS
        events["parent"] = np.where(events["parent"] >= 0, events["parent"] + (order.number + 1) * STORY_POSTS, -1)
        events = events[events["created"] < self.plan.end]
        self.stories.append(self._label(order, events, shape))
        return self._finish(events, rng, outages)

    def _label(self, order: Order, events: Columns, shape: CascadeShape | None) -> Story:
        times = np.sort(events["created"])
        return Story(
            story=f"{self.entity_ids[order.entity]}.s{order.number}",
            kind=order.kind,
            incident=order.kind in INCIDENTS,
            entity=self.entity_ids[order.entity],
            start=utc(float(times[0])),
            end=utc(float(times[-1])),
            half=utc(float(times[(len(times) - 1) // 2])),
            size=len(times),
            negative=int((events["polarity"] == -1).sum()),
            authors=len(np.unique(events["author"])),
            branching=shape.branching if shape else None,
            threaded=shape.threaded if shape else None,
        )

    def _await(self, waiting: dict[int, list[Columns]], events: Columns) -> None:
        """Lay the events aside for the days on which they arrive."""
        days = np.minimum((events["arrived"] - self.plan.start) // DAY, self.plan.days).astype(np.int64)
        for day in np.unique(days):
            waiting[int(day)].append(events[days == day])


class _Queue:
    """Orders by start, taken only as far as they are due."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = iter(orders)
        self._next = next(self._orders, None)

    def until(self, end: float) -> Iterator[Order]:
        while self._next is not None and self._next.start < end:
            yield self._next
            self._next = next(self._orders, None)


def _kinds_of_originals(events: Columns) -> NDArray[np.uint8]:
    """For each event the kind of the post that said its words first; whole threads only."""
    order = np.argsort(events["post"])
    return np.asarray(events["kind"][order[np.searchsorted(events["post"][order], events["text"])]], dtype=np.uint8)


def _sorted(chunks: list[Columns]) -> Columns:
    """By arrival; ties in a fixed order, repeats after what they repeat."""
    events = np.concatenate(chunks) if chunks else np.zeros(0, dtype=EVENT)
    return events[np.lexsort((events["repeat"], events["post"], events["entity"], events["arrived"]))]
