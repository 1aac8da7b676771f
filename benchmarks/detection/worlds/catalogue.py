"""The catalogue of worlds that thresholds are fitted on and judged in."""

from __future__ import annotations

from typing import Final

from benchmarks.detection.worlds.world import Day, Delay, Habits, Model, Offspring, Talk, World

WORLDS: Final = (
    World("plain", "soft labels, a wave a day, short threads", (10.0, 1000.0)),
    World(
        "abstaining",
        "a model that abstains from one text in eight and is seldom sure",
        (10.0, 1000.0),
        model=Model(0.15, 0.08, sharp=4.0, abstains=0.12),
        talk=Talk(offspring=Offspring.GEOMETRIC, law=Delay.LOG_NORMAL, echo=0.35, lean=0.1, lean_days=8.0),
    ),
    World(
        "hard",
        "labels of 0 and 1, office hours, a few much answered posts",
        (10.0, 1000.0),
        model=Model(0.11, 0.06, hard=True),
        talk=Talk((0.2, 0.6), Offspring.STAR, Delay.LOG_NORMAL, (300.0, 1500.0), 0.4, drift=0.15, lean=0.15),
        habits=Habits(day=Day.OFFICE, weekend=(0.15, 0.6)),
    ),
    World(
        "bursts",
        "bursts of a hundredfold, floods of reposts that the model reads as one half",
        (10.0, 600.0),
        model=Model(0.12, 0.08, sharp=6.0, abstains=0.04, reposts_open=0.7),
        talk=Talk((0.1, 0.4), Offspring.GEOMETRIC, Delay.POWER, (300.0, 1200.0), 0.35, (1.5, 6.0), 0.3, 0.12),
        habits=Habits(Day.TWO_PEAKS, bursts=1.2, floods=1.5, flood=(300.0, 4000.0), promotions=0.3, news=0.8),
    ),
    World(
        "campaigns",
        "a campaign every week, outages of the source, other weekdays",
        (20.0, 1500.0),
        model=Model(0.1, 0.07, sharp=10.0, abstains=0.06),
        talk=Talk((0.2, 0.5), Offspring.POISSON, Delay.LOG_NORMAL, (600.0, 2400.0), 0.5, (8.0, 40.0), 0.1, 0.2, 5.0),
        habits=Habits(Day.TWO_PEAKS, (1.2, 2.5), promotions=0.2, news=0.4, outages=1.5, campaign=8.0),
    ),
    World(
        "seldom",
        "companies of one mention a week to thirty a day, slow forums",
        (0.15, 30.0),
        share=(0.1, 0.45),
        model=Model(0.11, 0.06, sharp=7.0, abstains=0.08),
        talk=Talk((0.3, 0.7), Offspring.GEOMETRIC, Delay.POWER, (1800.0, 7200.0), 0.45, regulars=0.3),
        habits=Habits(Day.FLAT, (0.6, 1.3), floods=0.3, promotions=0.3, news=0.3, brigades=0.2),
        threaded=(0.3, 1.0),
    ),
    World(
        "busy",
        "companies of a thousand to four thousand mentions a day, many at a time",
        (1000.0, 4000.0),
        share=(0.05, 0.2),
        model=Model(0.1, 0.05, abstains=0.1),
        talk=Talk((0.1, 0.35), Offspring.GEOMETRIC, Delay.LOG_NORMAL, (120.0, 900.0), 0.3, (20.0, 80.0), 0.12, 0.12),
    ),
    World(
        "trees",
        "answers as in public reply threads, snowballs and floods as in public repost trees",
        (10.0, 600.0),
        model=Model(0.13, 0.07, sharp=6.0, abstains=0.12),
        talk=Talk((0.2, 0.5), Offspring.REAL, Delay.POWER, (300.0, 900.0), 0.45, (4.0, 20.0), lean=0.15),
        habits=Habits(Day.WAVE, floods=1.0),
        real=True,
    ),
)

NAMES: Final = tuple(world.name for world in WORLDS)


def named(name: str) -> World:
    """The world of that name; raises `KeyError` if there is none."""
    return {world.name: world for world in WORLDS}[name]
