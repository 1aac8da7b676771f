"""Eleven stories that read like the real thing; companies, people and words are made up.

Each gives the mentions of a company in order of arrival, after days of ordinary talk, and is the same every time.  `AT`
is when the story begins, in seconds after a Monday's midnight.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import msgspec

from tests.detect.stories.script import AT, DAY, DAYS, HOUR, TALK, WHENS, Mentions, Teller, awake
from tests.detect.streams import together

STROLLER = (
    "Put off the same train with two kids, the guard at {name} would not even look at the ticket.",
    "{name} did that to my mother, on the platform, in the rain.",
    "And the next {name} train was cancelled as well.",
    "Same guard, I would bet on it.",
    "{name} staff are told to do that, ask anyone who worked there.",
    "You cannot fold a stroller with a child asleep in it, {name}.",
    "{name} fined me for exactly this.",
)
RECIPE = (
    "the new {name} oat bars taste of cardboard",
    "who at {name} thought that sweetener was an improvement",
    "{name} changed the recipe and kept the price, of course",
    "bring back the old oat bars, {name}",
    "my kids will not touch the new {name} bars",
    "{name} says same great taste. it is not the same",
)
OUTAGE = (
    "{name} down here too, no signal at all",
    "no calls, no data, {name} says nothing",
    "{name} again, whole office offline",
    "cannot reach my mum because of {name}",
    "is {name} down or have they cut me off",
    "emergency number works but nothing else on {name}",
    "paying {name} for what exactly",
)
JAM = (
    "{name} jar had mould under the lid",
    "second jar from {name}, same mould",
    "wrote to {name} about the mould, nothing",
    "threw the {name} jam away, mould all through",
    "be careful with the {name} plum jam, mould",
)
FEES = (
    "{name} took the account fee twice from me as well.",
    "Yearly fee taken twice here too, {name}, and last August.",
    "Double fee on my statement, and {name} asks for a form.",
    "The {name} branch cannot see the second fee. I can.",
    "My fee went off twice on the first, {name}, pay it back.",
    "Fee taken twice, overdraft charged on top, {name}.",
    "Two fees, one account. {name} calls the second one pending.",
    "Statement says fee, fee. {name} says patience.",
)
LOGIN = (
    "Cannot log in to the {name} app since the update either.",
    "The {name} app sends a code that never comes.",
    "Locked out of the {name} app on pay day, thank you.",
    "New {name} app, same old login loop.",
    "App update, then locked out, then the {name} bot.",
    "My login is blocked in the new {name} app, password is right.",
    "{name} app crashes at login on both of our phones.",
    "Login code arrives after the {name} app has timed out.",
)
CHANTS = (
    "shame on {name}, leave now",
    "everybody should cancel {name} today",
    "{name} lies, pass it on",
    "cancel {name}, I just did",
    "{name} is finished, tell your friends",
    "do not give {name} another cent",
)


def pile_on_of_thirty() -> Mentions:
    """A mother is put off a train; thirty people answer within half an hour."""
    t = Teller("halden-rail", "Halden Rail", 1)
    first = "Put off the 14:02 with a stroller and a sleeping child because it 'was not folded'. Halden Rail, why?"
    return together(t.ordinary(), t.thread(AT, first, STROLLER, 30, 30.0))


def slow_groundswell() -> Mentions:
    """A changed recipe: no bad hour, but more grumbling every day for six days."""
    t = Teller("brightleaf", "Brightleaf", 2)
    made, at = t.ordinary(a_day=180.0, days=DAYS + 8), AT - 14 * HOUR
    while at < AT + 6 * DAY:
        grown = min(1.0, (at - AT) / (4.0 * DAY) + 0.2)
        at += t.rng.expovariate(45.0 / DAY * max(grown, 0.1) * awake(at))
        made.append(t.say(at, t.joined(RECIPE), t.rng.uniform(0.7, 0.97)))
    return together(made)


def promotion() -> Mentions:
    """A competition: four hundred happy posts in five hours, many with the same words; grumbles as ever."""
    t = Teller("orchard-cola", "Orchard Cola", 3)
    made = t.ordinary()
    for k in range(400):
        at = AT + 5 * HOUR * (k / 400) ** 1.3
        if t.rng.random() < 0.12:
            made.append(t.say(at, t.joined(("entered the Orchard Cola thing and the page broke.",)), 0.8))
        elif t.rng.random() < 0.4:
            made.append(t.say(at, "I just entered to win a year of Orchard Cola! #OrchardSummer", 0.02))
        else:
            made.append(t.say(at, f"round {k} of asking Orchard Cola for the free crate, wish me luck", 0.03))
    return together(made)


def in_the_news() -> Mentions:
    """A merger: everybody has something to say for six hours, with the usual mixture of moods."""
    t = Teller("corvane-bank", "Corvane Bank", 4)
    heads = (
        "Corvane Bank to merge with Aldgate, says the paper", "so Corvane Bank and Aldgate are one now",
        "what does the Corvane Bank merger mean for my branch", "Corvane Bank merger: page 2, small print",
    )  # fmt: skip
    made = t.ordinary()
    for k in range(350):
        at = AT + 6 * HOUR * (k / 350) ** 1.2
        angry = t.rng.random() < 0.15
        text = t.joined(("another merger, another closed branch, thanks {name}.",)) if angry else t.rng.choice(heads)
        made.append(t.say(at, f"{text} ({k})" if not angry else text, 0.85 if angry else 0.1))
    return together(made)


def repost_flood() -> Mentions:
    """A neutral post about a new store, passed on eight hundred times in three hours."""
    t = Teller("orbit-mobile", "Orbit Mobile", 5)
    text = "Orbit Mobile opens its first shop on the island, says the mayor"
    start = t.say(AT, text, 0.05)
    spread = [AT + 60.0 + 3 * HOUR * (k / 800) ** 1.5 for k in range(800)]
    passed_on = [t.say(at, text, 0.05, root=start.post_id, parent=start.post_id, kind="repost") for at in spread]
    return together(t.ordinary(), [start], passed_on)


def brigade() -> Mentions:
    """Twelve accounts, two hundred posts in ninety minutes."""
    t = Teller("northwind-air", "Northwind Air", 6)
    made = t.ordinary()
    start = t.say(AT, "Northwind Air is a disgrace and everybody should know", 0.97, author="truth_now_0")
    for k in range(200):
        text = f"{t.rng.choice(CHANTS).format(name=t.name)} {t.rng.choice(WHENS)} {t.rng.randrange(100)}"
        made.append(
            t.say(AT + 27.0 * (k + 1), text, 0.96, author=f"truth_now_{k % 12}", root=start.post_id,
                  parent=start.post_id, kind="reply")
        )  # fmt: skip
    return together(made, [start])


def one_text_five_hundred_times() -> Mentions:
    """Five hundred accounts paste the same accusation in three hours."""
    t = Teller("northwind-air", "Northwind Air", 7)
    text = "Northwind Air dumps its waste in our bay and pays the papers to be silent. Copy this before they delete it!"
    return together(t.ordinary(), [t.say(AT + 21.0 * k, text, 0.97) for k in range(500)])


def outage() -> Mentions:
    """The network fails: a hundred posts a second for a minute, then a thinning crowd for half an hour."""
    t = Teller("orbit-mobile", "Orbit Mobile", 8)
    made = t.ordinary(a_day=800.0, days=DAYS + 1, begin=6 * DAY)
    at = AT
    while at < AT + HOUR / 2:
        pace = 100.0 if at < AT + 60.0 else 100.0 * 2.0 ** (-(at - AT - 60.0) / 60.0)
        at += t.rng.expovariate(max(pace, 0.02))
        negative = t.rng.random() < 0.8
        text = t.joined(OUTAGE) if negative else "does Orbit Mobile work for you?"
        made.append(t.say(at, f"{text} {t.number}", 0.9 if negative else 0.2, lag=0.5))
    return together(made)


def tiny_brand() -> Mentions:
    """One mention a week for ten weeks; then fifteen complaints in two hours about mould in a jar."""
    t = Teller("plum-and-daughters", "Plum & Daughters", 9)
    begin = AT - 70 * DAY
    made = [t.say(begin + week * 7 * DAY + t.rng.random() * DAY, t.words(TALK), 0.05) for week in range(10)]
    return together(made, [t.say(AT + 480.0 * k, t.joined(JAM), 0.9) for k in range(15)])


def two_stories_at_once() -> Mentions:
    """The same hour, the same bank: fees taken twice, and an app that locks people out."""
    t = Teller("corvane-bank", "Corvane Bank", 10)
    fees = t.thread(AT, "Corvane Bank has taken the yearly fee twice, and calls it 'processing'", FEES, 60, 60.0)
    login = t.thread(AT + 420.0, "Locked out of my money by the new Corvane Bank app since six", LOGIN, 60, 60.0)
    return together(t.ordinary(), fees, login)


def late_and_repeated() -> Mentions:
    """The first story again, by a source that stutters: a fifth comes hours late, and a third comes twice or thrice."""
    rng = random.Random(11)
    inbound = []
    for m in pile_on_of_thirty():
        assert m.ingested_at is not None
        spans = [0.0] if rng.random() < 0.8 else [rng.uniform(1_200.0, 4 * HOUR)]
        while rng.random() < 0.3:
            spans.append(spans[0] + rng.uniform(1.0, 6 * HOUR))
        inbound += [msgspec.structs.replace(m, ingested_at=m.ingested_at + timedelta(seconds=span)) for span in spans]
    return together(inbound)


STORIES: tuple[Callable[[], Mentions], ...] = (
    pile_on_of_thirty, slow_groundswell, promotion, in_the_news, repost_flood, brigade, one_text_five_hundred_times,
    outage, tiny_brand, two_stories_at_once, late_and_repeated,
)  # fmt: skip
