"""Makes a history from a seed: posts and threads, edits, deletions, repeats, junk, crowds; and which hazards it holds.

Each history has a few kinds of input and fault, and more of these: a history that does a little of everything does not
get far with anything (swarm testing, Groce et al., 2012).
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from tests.simulation import hazards
from tests.simulation.calamities import absences, faults
from tests.simulation.history import History
from tests.simulation.inputs import (
    UNVERSIONED,
    VERSIONED,
    Again,
    Crowd,
    Delete,
    DeleteAuthor,
    Input,
    Junk,
    Say,
    network_of,
)

SECONDS = 12.0
"""Virtual seconds within which ordinary posts come."""

BLAMED = 9
"""The company that crowds speak of, and nobody else."""

FLOOD = 220
"""People of a crowd that is larger than what the detector remembers of a company."""


def made(seed: int, allowed: Iterable[str] = ()) -> History:
    """The history of a seed, which may hold these hazards."""
    chance = Random(f"history {seed}")
    held = tuple(name for name in allowed if chance.random() < 0.5)
    pages = int(chance.random() < 0.15)
    writer = _Writer(chance, held)
    inputs = writer.distinct() if pages else writer.inputs()
    flooded = any(isinstance(given, Crowd) and given.people == FLOOD for given in inputs)
    store = "changelog" if chance.random() < 0.75 else "sqlite"
    index = "sqlite" if store == "sqlite" or chance.random() < 0.7 else "elastic"
    workers = tuple(
        (stage, 1 if store == "sqlite" or (stage == "index" and index == "sqlite") else chance.choice((1, 1, 2, 3)))
        for stage in ("enrich", "detect", "index", "alert")
    )
    return History(
        seed=seed,
        inputs=tuple(sorted(inputs, key=lambda given: given.at)),
        faults=(*faults(chance, held, store, flooded), *absences(seed)),
        hazards=held,
        store=store,  # type: ignore[arg-type]
        index=index,  # type: ignore[arg-type]
        workers=workers,
        one_by_one=tuple(stage for stage in ("enrich", "detect") if chance.random() < 0.5),
        pages=pages,
        batch_records=256 if flooded else chance.choice((1, 8, 256)),
        commit_seconds=chance.choice((0.5, 0.5, 5.0)),
    )


class _Writer:
    """Writes the inputs of one history."""

    def __init__(self, chance: Random, held: tuple[str, ...]) -> None:
        self._chance = chance
        self._held = held
        self._says: list[Say] = []

    def inputs(self) -> list[Input]:
        """All of them."""
        chance = self._chance
        out: list[Input] = []
        for post in range(1, chance.choice((4, 8, 16, 30)) + 1):
            out += self._post(post)
        for more in (self._edits, self._repeats, self._deletions, self._junk, self._crowd):
            if chance.random() < 0.5:
                out += more()
        return out

    def distinct(self) -> list[Input]:
        """Posts that come once each, of one company more than a page: a detector that forgets them needs no more."""
        chance = self._chance
        others = [Say(self._time(), post, (chance.randrange(3),), True, post) for post in range(1, chance.randrange(8))]
        return [*others, Crowd(1.0, 1_002, FLOOD, 0.1, (BLAMED,))]

    def _time(self, after: float = 1.0) -> float:
        return round(self._chance.uniform(after, SECONDS), 2)

    def _post(self, post: int) -> list[Input]:
        """A post by somebody, sometimes an answer, sometimes late; about one company, two, or nobody."""
        chance = self._chance
        at, delay = self._time(), chance.choice((0.0, 0.0, 0.0, round(chance.uniform(0.0, 20.0), 2)))
        names: tuple[int, ...] = chance.choice(((0,), (0,), (1,), (0, 1), (2,)))
        answers = root = 0
        heads = [say for say in self._says if network_of(say.post) == network_of(post)]
        if heads and chance.random() < 0.4:
            parent = chance.choice(heads)
            answers, root = parent.post, parent.root or parent.post
            names = names if chance.random() < 0.3 else ()
        say = Say(at, post, names, chance.random() < 0.7, chance.randrange(1, 12), answers, root, delay)
        self._says.append(say)
        return [say]

    def _edits(self) -> list[Input]:
        """Newer versions of posts, some of which overtake the older."""
        out: list[Input] = []
        for say in self._some(3):
            if network_of(say.post) == UNVERSIONED:
                continue
            other = self._chance.choice(((0,), (1,), (2,)))
            if hazards.OLDER_ELSEWHERE in self._held and self._chance.random() < 0.5:
                out.append(self._version(say, other))
            elif hazards.CHANGED_SUBJECT in self._held and self._chance.random() < 0.5:
                out += [self._version(say, names, overtakes=False) for names in (other, say.names)]
            else:
                out.append(self._version(say, say.names))
        return out

    def _version(self, say: Say, names: tuple[int, ...], *, overtakes: bool = True) -> Say:
        """Another version of a post, written after all others; it may overtake some of them."""
        written = self._newest(say.post) + self._chance.uniform(0.1, 15.0)
        at = round(written + self._late(), 2)
        if not overtakes:
            at = max(at, round(max(one.at for one in self._says if one.post == say.post) + 1.0, 2))
        new = Say(at, say.post, names, not say.bad, say.by, say.answers, say.root, round(at - written, 2))
        self._says.append(new)
        return new

    def _newest(self, post: int) -> float:
        return max(say.written for say in self._says if say.post == post)

    def _late(self) -> float:
        """Seconds for which a record is on its way to us."""
        return self._chance.choice((0.0, 0.0, 0.5, self._chance.uniform(0.0, 20.0)))

    def _repeats(self) -> list[Input]:
        """Records that an agent sends again."""
        return [
            Again(round(say.at + self._chance.uniform(0.1, 30.0), 2), say.post, self._chance.randrange(2))
            for say in self._some(6)
        ]

    def _deletions(self) -> list[Input]:
        """Deletions of posts, and of an account with all that it wrote; some overtake what they delete."""
        out: list[Input] = []
        for say in self._some(4):
            out.append(self._deletion(say.post))
            if hazards.BACK_AGAIN in self._held and network_of(say.post) == VERSIONED:
                out.append(self._version(say, say.names))
        if self._chance.random() < 0.3:
            author = self._chance.randrange(1, 12)
            theirs = [say for say in self._says if say.by == author and network_of(say.post) == VERSIONED]
            if theirs:
                written = max(say.written for say in theirs) + 0.1
                at = round(written + self._late(), 2)
                out.append(DeleteAuthor(at, author, round(at - written, 2)))
        return out

    def _deletion(self, post: int) -> Delete:
        written = self._newest(post) + self._chance.uniform(0.1, 10.0)
        at = round(written + self._late(), 2)
        return Delete(at, post, round(at - written, 2))

    def _junk(self) -> list[Input]:
        kinds = ["text", "fields", "empty", "large"] + ["huge"] * (hazards.HUGE in self._held)
        numbers = range(9_000, 9_000 + self._chance.randrange(1, 5))
        return [Junk(self._time(), self._chance.choice(kinds), number) for number in numbers]  # type: ignore[arg-type]

    def _crowd(self) -> list[Input]:
        """Many complaints at once, about a company that nobody else speaks of: answers to a post, or posts."""
        chance = self._chance
        people = chance.choice((30, 40, 40, FLOOD))
        at, seconds = self._time(), chance.choice((2.0, 20.0))
        if people == FLOOD:
            at, seconds = 1.0, 0.1
        more: list[Input] = []
        if hazards.MANY_REPEATED in self._held and chance.random() < 0.5:
            more.append(Again(round(at + seconds + 5.0, 2), 1_002, posts=chance.choice((10, 50))))
        if hazards.MANY_DELETED in self._held and chance.random() < 0.5:
            more.append(Delete(round(at + seconds + 10.0, 2), 1_002, posts=people))
        if chance.random() < 0.5:
            head = Say(at, 1_001, (BLAMED,), True, 1_001)
            return [head, Crowd(round(at + 1.0, 2), 1_002, people, seconds, answers=1_001), *more]
        return [Crowd(at, 1_002, people, seconds, (BLAMED,)), *more]

    def _some(self, most: int) -> list[Say]:
        """A few posts, in their first versions."""
        first = list({say.post: say for say in reversed(self._says)}.values())
        return self._chance.sample(first, min(len(first), self._chance.randrange(1, most + 1)))
