"""Histories that failed once, cut down to the shortest; each is lived by the tests for ever."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulation import hazards
from tests.simulation.history import History
from tests.simulation.inputs import Again, Crowd, Delete, Junk, Say
from tests.simulation.world.faults import Compact, Crash, LostAck, Outage, Pause, Redeliver, Scale


class Regression(NamedTuple):
    """A history, and the anomaly that it had."""

    name: str
    anomaly: str
    history: History


_SNOWBALL = (
    Say(at=3.0, post=1001, names=(9,), by=1001),
    Crowd(at=4.0, post=1002, people=32, seconds=2.0, answers=1001),
)
"""A post and its answers: an incident opens and grows."""

REGRESSIONS = (
    Regression(
        "a mention that is written anew beside a new one",
        "lost",
        History(
            seed=2,
            inputs=(
                Say(at=1.0, post=3, names=(0,), by=1),
                Say(at=5.0, post=3, names=(0,), bad=False, by=1),
                Say(at=5.0, post=5, names=(1,), by=2),
            ),
        ),
    ),
    Regression(
        "a reply that turns to other companies twice",
        "lost",
        History(
            seed=104,
            inputs=(
                Say(at=10.6, post=22, bad=False, by=10, answers=11, root=3, delay=19.6),
                Say(at=12.6, post=17, names=(0,), bad=False, by=11, answers=3, root=3, delay=11.1),
                Say(at=25.3, post=3, names=(2,), bad=False, by=9),
                Say(at=27.5, post=11, names=(0, 1), by=2, answers=3, root=3),
            ),
            hazards=(hazards.TURNED_TWICE,),
        ),
    ),
    Regression(
        "a reply that returns to a company which the root of its thread has left",
        "lost",
        History(
            seed=14376,
            inputs=(
                Say(at=3.21, post=15, by=4, answers=3, root=2, delay=13.95),
                Say(at=4.03, post=2, names=(0,), bad=False, by=4),
                Say(at=8.98, post=2, names=(2,), by=4, delay=0.78),
                Say(at=10.78, post=3, names=(0, 1), bad=False, by=5, answers=2, root=2),
            ),
            hazards=(hazards.CHANGED_SUBJECT, hazards.TURNED_TWICE),
        ),
    ),
    Regression(
        "an older version that comes after a newer",
        "doubled",
        History(
            seed=13,
            inputs=(
                Say(at=1.0, post=3, names=(0,), bad=False, by=9),
                Say(at=6.0, post=3, names=(0,), by=9, delay=13.5),
            ),
            hazards=(hazards.OVERTAKEN,),
        ),
    ),
    Regression(
        "an edit that leaves a company, and one that returns to it",
        "unseen",
        History(
            seed=1,
            inputs=(
                Say(at=1.0, post=1, names=(0,)),
                Say(at=5.0, post=1, names=(1,)),
                Say(at=9.0, post=1, names=(0,)),
            ),
            hazards=(hazards.CHANGED_SUBJECT,),
        ),
    ),
    Regression(
        "an older version about another company that comes after a newer",
        "stale",
        History(
            seed=1,
            inputs=(Say(at=1.0, post=1, names=(1,)), Say(at=5.0, post=1, names=(0,), delay=6.0)),
            hazards=(hazards.OLDER_ELSEWHERE,),
        ),
    ),
    Regression(
        "a post that comes back after its deletion",
        "unseen",
        History(
            seed=9,
            inputs=(
                Say(at=16.0, post=1, names=(0,), bad=False, by=11),
                Delete(at=19.0, post=1),
                Say(at=38.0, post=1, names=(0,), bad=False, by=11, delay=14.0),
            ),
            hazards=(hazards.BACK_AGAIN,),
        ),
    ),
    Regression(
        "a write of state that fails in passing",
        "unseen",
        History(
            seed=51,
            inputs=(Say(at=1.0, post=6, names=(2,), by=3),),
            faults=(Outage(what="changelog", at=0.5, seconds=5.0),),
            hazards=(hazards.STATE_REPEATED,),
        ),
    ),
    Regression(
        "what a worker writes late that has lost its partition, once the topic is compacted",
        "unseen",
        History(
            seed=1,
            inputs=(
                Say(at=1.0, post=2, names=(1,)),
                Say(at=9.0, post=6, names=(1,)),
                Say(at=12.0, post=10, names=(1,)),
            ),
            faults=(Pause(stage="detect", point="state", nth=1, seconds=20.0), Compact(at=40.0)),
            hazards=(hazards.STATE_COMPACTED,),
            workers=(("enrich", 1), ("detect", 2), ("index", 1), ("alert", 1)),
        ),
    ),
    Regression(
        "a worker of alerts that is killed before it has committed",
        "told_twice",
        History(
            seed=104,
            inputs=_SNOWBALL,
            faults=(Crash(stage="alert", point="fetch", nth=3, down=2.0),),
            hazards=(hazards.ALERT_KILLED,),
        ),
    ),
    Regression(
        "a reply that was deleted while it waits for its parent",
        "leaked",
        History(
            seed=6,
            inputs=(Say(at=1.4, post=8, by=9, answers=4, root=4), Delete(at=3.2, post=8)),
            hazards=(hazards.LEAKS,),
        ),
    ),
    Regression(
        "a reply that comes after its deletion and waits for its parent",
        "leaked",
        History(
            seed=172,
            inputs=(
                Delete(at=1.0, post=5, delay=0.5),
                Say(at=11.0, post=5, names=(2,), bad=False, by=4, answers=3, root=3, delay=17.0),
            ),
            hazards=(hazards.LEAKS,),
        ),
    ),
    Regression(
        "posts that are deleted after an incident has quoted them",
        "leaked",
        History(
            seed=1,
            inputs=(*_SNOWBALL, Delete(at=20.0, post=1001, posts=33)),
            hazards=(hazards.LEAKS,),
        ),
    ),
    Regression(
        "a record that is too large for its letter",
        "lost",
        History(
            seed=1,
            inputs=(Junk(at=1.0, kind="huge", number=9_001), Say(at=2.0, post=1, names=(0,), by=1)),
            hazards=(hazards.HUGE,),
        ),
    ),
    Regression(
        "a receiver that is away while an incident opens",
        "never_told",
        History(
            seed=1,
            inputs=_SNOWBALL,
            faults=(Outage(what="receiver", at=1.0, seconds=90.0),),
            hazards=(hazards.RECEIVER_AWAY,),
        ),
    ),
    Regression(
        "a letter of an alert that is published again",
        "never_told",
        History(
            seed=1,
            inputs=(
                Say(at=3.0, post=1001, names=(9,), by=1001),
                Crowd(at=4.0, post=1002, people=40, seconds=30.0, answers=1001),
            ),
            faults=(Outage(what="receiver", at=1.0, seconds=16.0), Redeliver(at=60.0, stage="alert")),
            hazards=(hazards.REPLAYED, hazards.RECEIVER_AWAY),
        ),
    ),
    Regression(
        "an event that is published late by a worker that has lost its partition",
        "stale",
        History(
            seed=163,
            inputs=(
                Say(at=9.4, post=1001, names=(9,), by=1001),
                Crowd(at=10.4, post=1002, people=25, seconds=20.0, answers=1001),
            ),
            faults=(Pause(stage="detect", point="publish", nth=2, seconds=15.0),),
            workers=(("enrich", 1), ("detect", 2), ("index", 1), ("alert", 1)),
        ),
    ),
    Regression(
        "an incident whose posts are erased, and whose alerts move to another worker",
        "told_twice",
        History(
            seed=24,
            inputs=(
                Say(at=1.0, post=1001, names=(9,), by=1001),
                Crowd(at=2.0, post=1002, people=198, seconds=0.1, answers=1001),
                Junk(at=5.34, kind="huge", number=9000),
                Delete(at=11.1, post=1002, posts=220),
                Say(at=12.0, post=3, names=(0,), by=3, delay=0.53),
            ),
            faults=(
                Pause(stage="enrich", point="state", nth=1, seconds=40.0),
                Scale(stage="alert", at=14.59, workers=2),
            ),
            hazards=(hazards.MANY_DELETED,),
            one_by_one=("detect",),
        ),
    ),
    Regression(
        "a worker of alerts that wakes up with a step of long ago, and has lost its partition",
        "never_told",
        History(
            seed=5,
            inputs=(
                Say(at=3.0, post=1001, names=(9,), by=1001),
                Crowd(at=4.0, post=1002, people=40, seconds=30.0, answers=1001),
            ),
            faults=(Pause(stage="alert", point="notify", nth=1, seconds=60.0),),
            hazards=(hazards.ALERT_PAUSED,),
            workers=(("enrich", 1), ("detect", 1), ("index", 1), ("alert", 2)),
        ),
    ),
    Regression(
        "a step of an incident that is erased and compacted before the worker of alerts has read it",
        "never_told",
        History(
            seed=2139,
            inputs=(
                Say(at=3.0, post=1001, names=(9,), by=1001),
                Crowd(at=4.0, post=1002, people=40, seconds=40.0, answers=1001),
                Delete(at=44.9, post=1002, posts=3),
            ),
            faults=(Compact(at=45.51, at_once=True), Pause(stage="alert", point="fetch", nth=2, seconds=40.0)),
        ),
    ),
    Regression(
        "a partition that is handed on while its state is recovered, and comes back",
        "never_told",
        History(
            seed=2419,
            inputs=(
                Say(at=3.0, post=1001, names=(9,), by=1001),
                Crowd(at=4.0, post=1002, people=40, seconds=2.0, answers=1001),
            ),
            faults=(
                Scale(stage="alert", at=16.11, workers=3),
                Pause(stage="alert", point="state", nth=1, seconds=15.0),
                Pause(stage="alert", point="state", nth=4, seconds=9.0),
            ),
            index="elastic",
            one_by_one=("detect",),
            workers=(("enrich", 1), ("detect", 2), ("index", 1), ("alert", 3)),
        ),
    ),
    Regression(
        "a receiver that answers while the mark of another is written",
        "told_twice",
        History(
            seed=282,
            inputs=(
                Say(at=8.09, post=1001, names=(9,), by=1001),
                Crowd(at=9.09, post=1002, people=40, seconds=20.0, answers=1001),
            ),
            faults=(Outage(what="index", at=19.48, seconds=41.47), Outage(what="receiver", at=20.29, seconds=1.15)),
        ),
    ),
    Regression(
        "more deletions than the detector remembers posts",
        "doubled",
        History(
            seed=1,
            inputs=(
                Crowd(at=1.0, post=1002, people=220, seconds=2.0, names=(9,)),
                Delete(at=10.0, post=1002, posts=220),
            ),
            hazards=(hazards.MANY_DELETED,),
        ),
    ),
    Regression(
        "repeats of posts that the detector has forgotten",
        "doubled",
        History(
            seed=1,
            inputs=(
                Crowd(at=1.0, post=1002, people=220, seconds=2.0, names=(9,)),
                Again(at=10.0, post=1002, posts=40),
            ),
            hazards=(hazards.MANY_REPEATED,),
        ),
    ),
    Regression(
        "an alert whose receipt is lost",
        "told_twice",
        History(
            seed=1,
            inputs=_SNOWBALL,
            faults=(LostAck(stage="alert", nth=1, point="notified"),),
            hazards=(hazards.ANSWER_LOST,),
        ),
    ),
    Regression(
        "a waiting reply that a stopped worker writes down when it is deleted",
        "leaked",
        History(
            seed=6066,
            inputs=(
                Say(at=2.3, post=1, names=(2,), by=10),
                Say(at=2.84, post=13, names=(0,), by=2),
                Say(at=3.78, post=16, names=(0, 1), by=5, answers=12, root=8),
                Delete(at=12.44, post=16),
            ),
            faults=(
                Pause(stage="enrich", point="state", nth=5, seconds=40.0),
                Outage(what="disk", at=8.09, seconds=58.49, stage="enrich"),
                Scale(stage="enrich", at=2.91, workers=2),
            ),
            hazards=(hazards.LEAKS,),
        ),
    ),
)
