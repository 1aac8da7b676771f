"""A teller of made-up stories: talk about a company, threads that others join, and the words for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import pi, sin
from typing import Any

from pipeline.detect.mentions.inbound import InboundEntity, InboundMention
from tests.detect.streams import mention

DAY, HOUR = 86_400.0, 3_600.0
DAYS = 10
AT = DAYS * DAY + 14 * HOUR
Mentions = list[InboundMention]

TALK = (
    "anyone else on the {name} {thing} this {when}? fairly empty today",
    "{name} {thing} again this {when}, no complaints from me",
    "does {name} do a {thing} on Sundays, cannot find it anywhere",
    "my sister swears by the {name} {thing}, I never understood why",
    "picked up a {thing} from {name} on the way home this {when}",
    "is it only me or has {name} changed the {thing} since last {when}",
    "{when} plans: {name}, a {thing}, and nobody talking to me",
    "fair play to {name}, the {thing} was sorted before {when} was over",
)
GRUMBLES = (
    "{name} {thing} was a let-down this {when}, expected more",
    "third {when} in a row that {name} gets my {thing} wrong",
    "not impressed with the {name} {thing} this {when}",
    "forty minutes for a {thing}, {name}? on a {when}?",
)
THINGS = [
    "ticket",
    "parcel",
    "coupon",
    "app",
    "timetable",
    "receipt",
    "window",
    "seat",
    "menu",
    "voucher",
    "delivery",
    "password",
    "hotline",
    "queue",
]
WHENS = [
    "morning",
    "afternoon",
    "evening",
    "weekend",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
]
NAMES = [
    "mara_k",
    "oskar.b",
    "fieldnotes",
    "lena_runs",
    "tomsk_71",
    "the_real_ida",
    "juno.w",
    "pete_from_hull",
    "saltandpaper",
    "nadia_l",
    "kit.harlow",
    "morrowind9",
    "gretchen_o",
    "ben_ten",
    "bluebottle",
    "zora.m",
    "wim_v",
    "hanne_k",
    "old_ferry",
    "rue_du_port",
]


def awake(at: float) -> float:
    """How much is said at this hour, against the average one."""
    return 1.0 + 0.6 * sin((at / DAY - 0.3) * 2 * pi)


class Teller:
    """Tells about one company, from a seed of its own."""

    def __init__(self, entity: str, name: str, seed: int) -> None:
        self.entity, self.name = entity, name
        self.rng = random.Random(seed)
        self.number = 0

    def say(self, at: float, text: str, negative: float, **more: Any) -> InboundMention:
        """One mention; strangers are numbered unless an author is given."""
        self.number += 1
        author = more.pop("author", f"{self.rng.choice(NAMES)}{self.number}")
        number = more.pop("number", f"{self.entity}-{self.number}")
        lag = more.pop("lag", 1.0 + self.rng.random() * 4.0)
        made = mention(number, at, negative, text, author=f"bluesky:{author}", lag=lag, entity=self.entity, **more)
        made.entity = InboundEntity(self.entity, self.name)
        return made

    def words(self, lines: Sequence[str]) -> str:
        rng = self.rng
        return rng.choice(lines).format(name=self.name, thing=rng.choice(THINGS), when=rng.choice(WHENS))

    def mood(self, share: float) -> tuple[str, float]:
        """A line of ordinary talk, negative in `share` of all cases, as a model reads it."""
        if self.rng.random() < share:
            return self.words(GRUMBLES), self.rng.uniform(0.7, 0.98)
        return self.words(TALK), self.rng.uniform(0.01, 0.25)

    def ordinary(self, a_day: float = 150.0, days: float = DAYS + 2, begin: float = 0.0) -> Mentions:
        """Days of talk with a daily rhythm."""
        at, made = begin, []
        while at < days * DAY:
            at += self.rng.expovariate(a_day / DAY * awake(at))
            made.append(self.say(at, *self.mood(0.15)))
        return made

    def thread(
        self, at: float, first: str, lines: Sequence[str], answers: int, minutes: float, calm: float = 0.12
    ) -> Mentions:
        """A complaint and those who join in, faster at first; `calm` of them only ask or comfort."""
        start = self.say(at, first, 0.96)
        made = [start]
        for k in range(answers):
            when = at + 40.0 + minutes * 60.0 * ((k + self.rng.random()) / answers) ** 0.7
            quiet = self.rng.random() < calm
            text = self.rng.choice(ASIDES) if quiet else self.joined(lines)
            made.append(
                self.say(when, text, 0.2 if quiet else self.rng.uniform(0.72, 0.99), root=start.post_id,
                         parent=start.post_id, kind="reply")
            )  # fmt: skip
        return made

    def joined(self, lines: Sequence[str]) -> str:
        """Two half-sentences put together, so that hardly two people say the same."""
        rng = self.rng
        ending = rng.choice(ENDINGS).format(n=rng.randrange(2, 60), when=rng.choice(WHENS))
        return f"{rng.choice(lines).format(name=self.name)} {ending}"


ASIDES = (
    "oh no, are you alright?",
    "following this",
    "which line was that, we travel on Friday",
    "what did they answer?",
)
ENDINGS = (
    "and that was {n} days ago.", "Never again.", "My neighbour has the same since {when}.", "{n} calls, no answer.",
    "Somebody must be able to decide something there.", "I gave up on {when}.", "I still have the letter, page {n}.",
    "Same here, since {when}.", "They hung up on me after {n} minutes.", "I moved to the others for that reason.",
    "Not the first time, look at {when}.", "Wrote to them {n} times.",
)  # fmt: skip
