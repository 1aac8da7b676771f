"""Makes the faults of a history from chance: a few kinds, each now and then."""

from __future__ import annotations

from random import Random

from tests.simulation import hazards
from tests.simulation.world.faults import Away, Compact, Crash, Fault, LostAck, Outage, Pause, Redeliver, Retain, Scale

_POINTS = {
    "enrich": ("fetch", "publish", "published", "state", "stated", "commit", "recover"),
    "detect": ("fetch", "publish", "published", "state", "stated", "commit", "recover"),
    "index": ("fetch", "index", "indexing", "indexed", "publish", "published", "commit"),
    "alert": ("fetch", "notify", "notified", "state", "stated", "commit", "recover"),
}

AWAY = 0.08
"""How often all workers of a stage are away for longer than retention."""

_IN_A_FLOOD = (("enrich", "published"), ("enrich", "stated"), ("detect", "stated"), ("detect", "commit"))


def faults(chance: Random, held: tuple[str, ...], store: str, flooded: bool) -> tuple[Fault, ...]:
    """The faults of a history that may hold these hazards; a flood is for workers that die in the midst of it."""
    kinds = [
        kind for kind in (_crashes, _pauses, _lost, _outages, _scales, _cleaning, _people) if chance.random() < 0.4
    ]
    out: list[Fault] = []
    for kind in kinds:
        out += kind(chance, held, store)
    if flooded:
        out += [Crash(*chance.choice(_IN_A_FLOOD), chance.randrange(1, 7)) for _ in range(2)]
        if chance.random() < 0.5:  # records pile up, and are one batch
            out.append(Pause("detect", "fetch", chance.randrange(1, 4), 4.0))
    return tuple(out)


def absences(seed: int) -> tuple[Fault, ...]:
    """Times in which nobody reads, of chance of their own: what else happens under a seed stays what it was."""
    chance = Random(f"absences {seed}")
    if chance.random() >= AWAY:
        return ()
    return (Away("enrich", round(chance.uniform(1.0, 10.0), 2), round(chance.uniform(3.0, 40.0), 2)),)


def _where(chance: Random) -> tuple[str, str, int]:
    stage = chance.choice(tuple(_POINTS))
    return stage, chance.choice(_POINTS[stage]), chance.choice((1, 2, 3, 5, 8, 13, 21, 40))


def _crashes(chance: Random, held: tuple[str, ...], store: str) -> list[Fault]:
    out: list[Fault] = []
    for _ in range(chance.randrange(1, 6)):
        stage, point, nth = _where(chance)
        if stage == "alert" and hazards.ALERT_KILLED not in held:
            point, nth = "fetch", 1  # before it has anything to tell
        out.append(Crash(stage, point, nth, chance.choice((0.5, 2.0, 15.0))))
    return out


def _pauses(chance: Random, held: tuple[str, ...], store: str) -> list[Fault]:
    out: list[Fault] = []
    for _ in range(chance.randrange(1, 3)):
        stage, point, nth = _where(chance)
        if chance.random() < 0.5:  # with state in hand, which it writes when it is not its own any more
            stage, point, nth = chance.choice(("enrich", "detect")), "state", chance.choice((1, 2, 3, 5))
        if point in ("notify", "notified") and hazards.ALERT_PAUSED not in held:
            point = "fetch"
        short = stage == "alert" and hazards.ALERT_KILLED not in held
        out.append(Pause(stage, point, nth, 3.0 if short else chance.choice((3.0, 15.0, 40.0))))
    return out


def _lost(chance: Random, held: tuple[str, ...], store: str) -> list[Fault]:
    places = [("enrich", "published"), ("detect", "published"), ("index", "indexed")]
    if hazards.STATE_REPEATED in held:
        places += [(stage, point) for stage in ("enrich", "detect") for point in ("state", "stated")]
    if hazards.ANSWER_LOST in held:
        places.append(("alert", "notified"))
    out: list[Fault] = []
    for _ in range(chance.randrange(1, 4)):
        stage, point = chance.choice(places)
        out.append(LostAck(stage, chance.choice((1, 2, 4, 9, 14, 20)), point))
    return out


def _outages(chance: Random, held: tuple[str, ...], store: str) -> list[Fault]:
    out: list[Fault] = []
    for _ in range(chance.randrange(1, 3)):
        more = ("changelog",) if hazards.STATE_REPEATED in held else ()
        what = chance.choice(("broker", "index", "receiver", "disk", *more))
        longest = 3.0 if what == "receiver" and hazards.RECEIVER_AWAY not in held else 60.0
        stages = ("enrich", "detect", "alert") if hazards.ALERT_KILLED in held else ("enrich", "detect")
        stage = chance.choice(stages) if what == "disk" else ""
        at, seconds = round(chance.uniform(1.0, 30.0), 2), round(chance.uniform(1.0, longest), 2)
        out.append(Outage(what, at, seconds, stage))
    return out


def _scales(chance: Random, held: tuple[str, ...], store: str) -> list[Fault]:
    if store == "sqlite":
        return []
    stages = ("enrich", "detect", "alert")
    return [
        Scale(chance.choice(stages), round(chance.uniform(1.0, latest), 2), chance.choice((1, 2, 3)))
        for latest in (12.0, 12.0, 12.0, 30.0)
    ]


def _people(chance: Random, held: tuple[str, ...], store: str) -> list[Fault]:
    stage = "alert" if hazards.REPLAYED in held else "enrich"
    return [Redeliver(round(chance.uniform(10.0, 60.0), 2), stage)]


def _cleaning(chance: Random, held: tuple[str, ...], store: str) -> list[Fault]:
    kinds = (Compact, Retain) if hazards.STATE_COMPACTED in held else (Retain,)
    return [chance.choice(kinds)(round(chance.uniform(1.0, 50.0), 2)) for _ in range(chance.randrange(1, 4))]
