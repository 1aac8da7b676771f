"""Evidence of a pile-on: in one thread, each negative answer brings more than it should.

A self-exciting process in the manner of Hawkes (1971): normally a negative draws as many negative answers as is usual
for the entity, in a pile-on one (`RUNAWAY`), with exponential delays of half an hour.  The log-likelihood ratio of the
two, held at zero, catches a snowball in minutes, where the entity's own rate takes an hour.  Reposts carry one and the
same judgement of one and the same text, so they are kept apart: they are evidence of amplification only, and all of
them together no more than the model is sure of the text.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

ROOTS: Final = 16
"""Threads followed per entity."""

TAU: Final = 1800.0
"""Mean delay of an answer, seconds."""

RUNAWAY: Final = 1.0
SPREAD_USUAL: Final = 0.5
SPREAD_RUNAWAY: Final = 1.3
"""Reposts that a repost draws, usually and in an amplification."""

NEGATIVE_SHARE: Final = 0.4
"""Least share of negatives in a thread that counts as a pile-on."""

MANY_VOICES: Final = 1.25
UNANIMOUS: Final = 0.6
CAP: Final = 14.0
LEARNED_FROM: Final = 4
"""Negative answers of a thread from which the entity's usual number is learned; further ones may be a pile-on."""

CARRIED: Final = 2.0
"""Weight that answers may have which do not speak of the entity, for each person in the thread who does, where the
thread began with something else: a passing remark makes no crisis of all that is said after it."""

FAST: Final = 300.0
FEWEST_REPOSTS: Final = 20
_STEP: Final = log(SPREAD_RUNAWAY / SPREAD_USUAL)
_DRAIN: Final = SPREAD_RUNAWAY - SPREAD_USUAL
_SURE: Final = 0.9  # least probability of being negative at which a repost is evidence at all
_SURENESS: Final = 4.0  # nats of evidence that a nat of log-odds allows


class ThreadEvidence:
    """What is known of a thread.  `exposure` counts its negative answers by clean weight, `spread_exposure` its
    reposts by the weight of their authors; `fast` and `middle` count all of them, decaying over 5 and 30 minutes;
    `doubted` are reposts of which the model is not sure that they are negative, `sureness` the least log-odds of the
    others.  `naming`: people who speak of the entity themselves, `carried`: the weight of those that only answer
    one.  `repeats`: answers without a complaint by accounts that have answered twice: of no weight, whatever their
    number.  Times are whole seconds.
    """

    __match_args__ = (
        "first", "at", "exposure", "evidence", "spread", "spread_exposure", "fast", "middle", "mentions", "negative",
        "authors", "copies", "reposts", "doubted", "sureness", "naming", "carried", "repeats",
    )  # fmt: skip
    __slots__ = __match_args__

    def __init__(
        self, first: int, at: int, exposure: float = 1.0, evidence: float = 0.0, spread: float = 0.0,
        spread_exposure: float = 1.0, fast: float = 0.0, middle: float = 0.0, mentions: int = 0, negative: int = 0,
        authors: int = 0, copies: int = 0, reposts: int = 0, doubted: int = 0, sureness: float = 20.0, naming: int = 0,
        carried: float = 0.0, repeats: int = 0,
    ) -> None:  # fmt: skip
        # Written out, since one is made for every post that begins a thread, and a dataclass makes them slowly.
        self.first = first
        self.at = at
        self.exposure = exposure
        self.evidence = evidence
        self.spread = spread
        self.spread_exposure = spread_exposure
        self.fast = fast
        self.middle = middle
        self.mentions = mentions
        self.negative = negative
        self.authors = authors
        self.copies = copies
        self.reposts = reposts
        self.doubted = doubted
        self.sureness = sureness
        self.naming = naming
        self.carried = carried
        self.repeats = repeats

    def add(self, event_time: int, negative: float, usual: float) -> None:
        """An answer with its clean negative weight, at its event time; earlier than the last one drains nothing.

        `usual`: negative answers that a negative normally draws for this entity, below `RUNAWAY`.
        """
        if event_time > self.at:
            self.advance(event_time, usual)
        self.fast += 1.0
        self.middle += 1.0
        self.mentions += 1
        if negative > 0.0:
            evidence = self.evidence + log(RUNAWAY / usual) * negative
            self.evidence = evidence if evidence < CAP else CAP
            self.exposure += negative

    def repost(self, event_time: int, weight: float, probability: float, usual: float) -> None:
        """A repost by an author of the given weight; `probability` that the text is negative."""
        if event_time > self.at:
            self.advance(event_time, usual)
        self.fast += 1.0
        self.middle += 1.0
        self.mentions += 1
        self.reposts += 1
        if probability < _SURE:
            self.doubted += weight > 0.0  # else a few accounts could cast doubt on what many pass on
        else:
            self.spread = min(self.spread + _STEP * weight, CAP)
            self.spread_exposure += weight
            self.sureness = min(self.sureness, log(probability / (1.0 - min(probability, 0.9999))))

    def retract(self, weight: float, negative: bool, age: float, usual: float) -> None:
        """Take out an answer that came `age` seconds ago with that clean weight."""
        self.mentions = max(0, self.mentions - 1)
        self.negative = max(0, self.negative - negative)
        self.repeats -= weight == 0.0 and not negative and self.repeats > 0
        if negative and weight > 0.0:
            self.evidence = max(0.0, self.evidence - log(RUNAWAY / usual) * weight)
            self.exposure = max(0.0, self.exposure - weight * exp(-age / TAU))

    def pile_on(self) -> float:
        """Evidence of a pile-on as of the last call, zero while too few of the answers are negative."""
        answers = self.mentions - self.reposts - self.repeats
        if self.negative < NEGATIVE_SHARE * answers:
            return 0.0
        # Few voices that answer each other, and threads that are not of one mind, must show more.
        voices = min(1.0, MANY_VOICES * self.authors / max(1, self.mentions - self.repeats))
        return self.evidence * voices * min(1.0, self.negative / (UNANIMOUS * max(1, answers)))

    def amplified(self) -> float:
        """Evidence of amplification as of the last call, zero while the model doubts the text or few spread it."""
        wide = self.reposts >= FEWEST_REPOSTS and self.doubted < 0.3 * self.reposts
        return min(self.spread, _SURENESS * self.sureness) if wide else 0.0

    def advance(self, event_time: int, usual: float) -> None:
        """Let time pass until `event_time`, later than the last call."""
        passed = event_time - self.at
        self.at = event_time
        decay = exp(-passed / TAU)
        faded = 1.0 - decay
        evidence = self.evidence - (RUNAWAY - usual) * faded * self.exposure
        self.evidence = evidence if evidence > 0.0 else 0.0
        self.exposure *= decay
        if self.reposts:
            self.spread = max(0.0, self.spread - _DRAIN * faded * self.spread_exposure)
            self.spread_exposure *= decay
        self.middle *= decay
        self.fast *= exp(-passed / FAST)


def inherited(thread: ThreadEvidence | None, weight: float) -> float:
    """What is left of an answer's weight that does not speak of the entity, in a thread about something else."""
    if thread is None:
        return min(weight, CARRIED)
    return min(weight, max(0.0, CARRIED * max(1, thread.naming) - thread.carried))


def follow(threads: dict[int, ThreadEvidence], root: int, event_time: int) -> ThreadEvidence:
    """The thread of a root, begun at `event_time` if it is new.

    When the memory is full, a thread without evidence or of long ago makes room; looking is bounded to four.
    """
    known = threads.get(root)
    if known is not None:
        return known
    if len(threads) >= ROOTS:
        for _ in range(4):
            oldest = next(iter(threads))
            candidate = threads.pop(oldest)
            if event_time - candidate.at > 7200.0 or (candidate.evidence < 0.5 and candidate.spread < 0.5):
                break
            threads[oldest] = candidate  # still warm: to the end of the queue
        else:
            del threads[next(iter(threads))]
    thread = threads[root] = ThreadEvidence(event_time, event_time)
    return thread
