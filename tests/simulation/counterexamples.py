"""Histories in which one protection is missed: short ones, each with an anomaly as soon as it is taken out."""

from __future__ import annotations

from tests.simulation import hazards
from tests.simulation.history import History
from tests.simulation.inputs import Crowd, Delete, Say
from tests.simulation.protections import PROTECTIONS
from tests.simulation.run import lived
from tests.simulation.world.faults import Away, Crash, LostAck, Pause, Scale

_FLOOD = (Crowd(at=1.0, post=1002, people=220, seconds=0.1, names=(9,)),)
"""More posts at once than a detector of one page remembers."""

COUNTEREXAMPLES: dict[str, tuple[str, History]] = {
    "deduplication by origin": (
        "doubled",
        History(seed=1, inputs=_FLOOD, faults=(Crash(stage="enrich", point="published", nth=2),), pages=1),
    ),
    "absorbed offsets": (
        "doubled",
        History(
            seed=1,
            inputs=_FLOOD,
            faults=(Crash(stage="detect", point="stated", nth=3),),
            pages=1,
            one_by_one=("detect",),
        ),
    ),
    "a look after quiet partitions": (
        "leaked",
        History(
            seed=6066,
            inputs=(
                Say(at=3.78, post=16, names=(0, 1), by=5, answers=12, root=8),
                Delete(at=12.44, post=16),
            ),
            faults=(Pause(stage="enrich", point="state", nth=2, seconds=40.0),),
            hazards=(hazards.LEAKS,),
            workers=(("enrich", 2), ("detect", 1), ("index", 1), ("alert", 1)),
        ),
    ),
    "a look at what was removed": (
        "lost",
        History(
            seed=1,
            inputs=(Say(at=1.0, post=6, names=(2,), by=3), Say(at=11.0, post=6, names=(2,), by=3)),
            faults=(Away(stage="enrich", at=9.0, seconds=20.0),),
        ),
    ),
    "generation of a record": (
        "unseen",
        History(
            seed=68,
            inputs=(Crowd(at=1.0, post=1002, people=110, seconds=0.1, names=(9,)),),
            faults=(Scale(stage="enrich", at=1.29, workers=3),),
            workers=(("enrich", 2), ("detect", 1), ("index", 1), ("alert", 2)),
        ),
    ),
    "state written again": (
        "unseen",
        History(
            seed=1,
            inputs=(Say(at=1.0, post=6, names=(2,), by=3),),
            faults=(LostAck(stage="detect", nth=2, point="state"),),
        ),
    ),
    "a producer made anew": (
        "lost",
        History(
            seed=1,
            inputs=(Say(at=1.0, post=6, names=(2,), by=3),),
            faults=(LostAck(stage="enrich", nth=1, point="publish"),),
        ),
    ),
    "late parents": (
        "lost",
        History(
            seed=1,
            inputs=(Say(at=1.0, post=2, by=2, answers=1, root=1), Say(at=2.0, post=1, names=(0,), by=1)),
        ),
    ),
}
"""By protection the anomaly, and the history; some need a detector that is not compiled (`History.pages`)."""


def missed() -> list[str]:
    """The protections whose history has its anomaly without them, and none with them."""
    out = []
    for protection in PROTECTIONS:
        if protection.name in COUNTEREXAMPLES:
            anomaly, history = COUNTEREXAMPLES[protection.name]
            with protection.out():
                without = lived(history).names
            if anomaly in without and not lived(history).names:
                out.append(protection.name)
    return out
